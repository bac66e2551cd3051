"""Templates by Prefect's own rules."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.plan.fields import KnownAfterBuild, is_known
from flowlift.plan.templates import BlockValue, Resolver, TemplateValues, words

VALUES = TemplateValues(
    environ={"STAGE": "dev", "HOME": "/home/x", "API_TOKEN": "s3cret"},
    variables={"team": "data", "limits": {"rows": 5}},
    blocks={
        ("secret", "pw"): BlockValue({"value": "hush"}, secret=True),
        ("s3-bucket", "raw"): BlockValue({"bucket": "acme", "paths": ["a", "b"]}),
    },
    outputs={"build": {"image": "flows:1", "tags": ["x"]}, "image": "flows:1"},
)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain", "plain"),
        ("{{ $STAGE }}", "dev"),
        ("in {{$STAGE}}!", "in dev!"),
        ("{{ prefect.variables.team }}", "data"),
        ("{{ prefect.variables.limits }}", {"rows": 5}),
        ("t-{{ prefect.variables.team }}", "t-data"),
        ("{{ prefect.blocks.s3-bucket.raw.bucket }}", "acme"),
        ("{{ prefect.blocks.s3-bucket.raw.paths[1] }}", "b"),
        ("{{ prefect.blocks.secret.pw }}", "hush"),
        ("{{ build.image }}", "flows:1"),
        ("{{ build.tags[0] }}-y", "x-y"),
        ("{{ HOME }}", "/home/x"),
        ("at {{ HOME }}/y", "at /home/x/y"),
        ("{{ ctx.flow_run.name }}", "{{ ctx.flow_run.name }}"),
        ("{{ a b }}", "{{ a b }}"),
        ("{% raw %}", "{% raw %}"),
        ("", ""),
    ],
)
def test_values_are_put_in(template: str, expected: Any) -> None:
    resolver = Resolver(VALUES)
    assert resolver.entry(template, ("x",)) == expected
    assert resolver.losses == []


@pytest.mark.parametrize(
    ("template", "expected", "kind"),
    [
        ("{{ $NOPE }}", "", "env"),
        ("a{{ $NOPE }}b", "ab", "env"),
        ("{{ prefect.variables.nope }}", "", "variable"),
        ("a{{ nope }}b", "ab", "word"),
        ("{{ flow_run.name }}-x", "-x", "word"),
    ],
)
def test_what_prefect_blanks_is_noted(template: str, expected: str, kind: str) -> None:
    resolver = Resolver(VALUES)
    assert resolver.entry(template, ("x",)) == expected
    assert [loss.kind for loss in resolver.losses] == [kind]


def test_an_unknown_whole_word_removes_its_key_and_its_tag() -> None:
    resolver = Resolver(VALUES)
    got = resolver.entry({"image": "{{ build_image.image }}", "tags": ["a", "{{ nope }}"]}, ())
    assert got == {"tags": ["a"]}
    assert {loss.word for loss in resolver.losses} == {"build_image.image", "nope"}


def test_in_pull_steps_only_set_variables_and_outputs_are_baked_in() -> None:
    resolver = Resolver(VALUES)
    steps = {
        "set": "{{ $STAGE }}",
        "unset": "{{ $NOPE }}",
        "secret": "{{ prefect.blocks.secret.pw }}",
        "variable": "x-{{ prefect.variables.team }}",
        "output": "{{ image }}",
        "word": "{{ clone.directory }}",
    }
    assert resolver.pull(steps, ("pull", 0)) == {
        "set": "dev",
        "unset": "{{ $NOPE }}",
        "secret": "{{ prefect.blocks.secret.pw }}",
        "variable": "x-{{ prefect.variables.team }}",
        "output": "flows:1",
        "word": "{{ clone.directory }}",
    }


def test_what_a_build_step_will_say_is_known_after_build() -> None:
    values = TemplateValues(pending=frozenset({"build"}))
    got = Resolver(values).entry({"image": "{{ build.image }}", "name": "x-{{ build.tag }}"}, ())
    assert isinstance(got["image"], KnownAfterBuild)
    assert isinstance(got["name"], KnownAfterBuild)
    assert not is_known(got)


def test_secrets_are_known_by_where_they_come_from() -> None:
    resolver = Resolver(VALUES)
    resolver.entry(
        {"a": "{{ $API_TOKEN }}", "b": ["{{ prefect.blocks.secret.pw }}"], "c": "{{ $STAGE }}"}, ()
    )
    assert resolver.secrets == {("a",), ("b", 0)}
    assert [loss.word for loss in resolver.in_clear] == ["prefect.blocks.secret.pw"]


def test_all_words_of_a_template_are_found() -> None:
    template = {"a": ["{{ $X }} {{ y.z }}"], "b": {"c": "{{prefect.variables.v}}"}, "d": 1}
    assert words(template) == {"$X", "y.z", "prefect.variables.v"}
