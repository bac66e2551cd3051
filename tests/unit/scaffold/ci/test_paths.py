from __future__ import annotations

import pytest

from flowlift.repo.globs import Matcher, exact
from flowlift.scaffold.ci.paths import branch, github, gitlab


@pytest.mark.parametrize(
    ("ours", "on_github", "on_gitlab"),
    [
        ("prefect.yaml", "prefect.yaml", "prefect.yaml"),
        ("pipelines/*/prefect.yaml", "pipelines/*/prefect.yaml", "pipelines/*/prefect.yaml"),
        ("src/**", "src/**", "src/**/*"),
        ("**/*.py", "**/*.py", "**/*.py"),
        ("./a/", "a", "a"),
        ("a b/it's.yaml", "a b/it's.yaml", "a b/it's.yaml"),
        ("v?.yaml", "v*.yaml", "v*.yaml"),
        ("[ab]/x.yaml", "*/x.yaml", "*/x.yaml"),
        ("c++/!x{a,b}.yaml", "c*/*x*a,b*.yaml", "c*/*x*a,b*.yaml"),
        (exact("what?[1].yaml"), "what*1].yaml", "what*1].yaml"),
    ],
)
def test_a_glob_in_a_forges_words_fits_no_less(ours: str, on_github: str, on_gitlab: str) -> None:
    assert github(ours) == on_github
    assert gitlab(ours) == on_gitlab


def test_exact_fits_only_itself() -> None:
    for path in ("a.yaml", "what?.yaml", "[x]*.yaml"):
        assert Matcher([exact(path)]).matches(path)
    assert not Matcher([exact("a*.yaml")]).matches("ab.yaml")


def test_a_branchs_name_is_no_pattern() -> None:
    assert branch("main") == "main"
    assert branch("release/[1]+*") == r"release/\[1\]\+\*"
