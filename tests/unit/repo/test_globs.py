"""Globs over paths."""

from __future__ import annotations

import pytest

from flowlift.repo.globs import Matcher


@pytest.mark.parametrize(
    ("glob", "yes", "no"),
    [
        ("prefect.yaml", ["prefect.yaml"], ["a/prefect.yaml", "prefectXyaml", "prefect.yaml.j2"]),
        ("./prefect.yaml", ["prefect.yaml"], ["a/prefect.yaml"]),
        ("*/prefect.yaml", ["a/prefect.yaml"], ["prefect.yaml", "a/b/prefect.yaml"]),
        (
            "**/prefect.yaml",
            ["prefect.yaml", "a/prefect.yaml", "a/b/prefect.yaml"],
            ["xprefect.yaml"],
        ),
        ("a/**/p.yaml", ["a/p.yaml", "a/b/p.yaml", "a/b/c/p.yaml"], ["p.yaml", "ab/p.yaml"]),
        ("a/**", ["a/x", "a/b/x"], ["a", "b/a/x"]),
        (
            "pipelines/*/prefect*.yaml",
            ["pipelines/a/prefect.cloud.yaml"],
            ["pipelines/prefect.yaml"],
        ),
        ("p?.yaml", ["p1.yaml"], ["p.yaml", "p/.yaml", "p12.yaml"]),
        ("p[12].yaml", ["p1.yaml", "p2.yaml"], ["p3.yaml"]),
        ("p[!1]^$(x).yaml", ["p2^$(x).yaml"], ["p1^$(x).yaml", "p/^$(x).yaml"]),
        ("[.yaml", ["[.yaml"], ["x.yaml"]),
        ("a**b", ["ab", "axb"], ["a/b"]),
        ("packages/*/src/", ["packages/a/src"], ["packages/a/src/x"]),
        (".", [""], ["a"]),
    ],
)
def test_what_a_glob_takes(glob: str, yes: list[str], no: list[str]):
    matcher = Matcher([glob])
    assert [path for path in yes if not matcher.matches(path)] == []
    assert [path for path in no if matcher.matches(path)] == []


def test_any_of_several_and_none_of_none():
    assert Matcher(["a", "b"]).matches("b")
    assert not Matcher([]).matches("")
