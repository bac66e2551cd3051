"""What differs between two entries, two project files, two configurations: by the key."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.errors import Position
from flowlift.plan.model import Declared
from flowlift.repo.differences import (
    entry_changes,
    policy_changes,
    project_changes,
    same_but_name,
)


def entry(data: dict[str, Any] | None = None, **steps: Any) -> Declared:
    return Declared(data={"name": "n", **(data or {})}, at=Position("p.yaml", 1), lines={}, **steps)


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, ["a.c"]),
        ({"a": [{"cron": 1}]}, {"a": [{"cron": 2}]}, ["a[0].cron"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a"]),
        ({"a": 1}, {}, ["a"]),
        ({}, {"a": None}, ["a"]),
        ({"a": 1}, {"a": True}, ["a"]),
        ({"a": 1}, {"a": 1.0}, ["a"]),
        ({"a": 1}, {"a": "1"}, ["a"]),
        ({"a": {}}, {"a": []}, ["a"]),
        ({"a": float("nan")}, {"a": float("nan")}, []),
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}}, []),
    ],
)
def test_the_keys_that_differ_are_named_as_small_as_can_be(
    old: dict[str, Any], new: dict[str, Any], keys: list[str]
) -> None:
    assert entry_changes(entry(old), entry(new)) == keys


def test_steps_count_as_they_reach_the_entry() -> None:
    clone = {"git_clone": {"branch": "main"}}
    assert entry_changes(entry(pull=[clone]), entry(pull=[clone])) == []
    other = {"git_clone": {"branch": "other"}}
    assert entry_changes(entry(pull=[clone]), entry(pull=[other])) == ["pull[0].git_clone.branch"]
    # None is "nobody says anything", an empty list "there are none".
    assert entry_changes(entry(pull=None), entry(pull=[])) == ["pull"]
    assert entry_changes(entry(build=[clone]), entry()) == ["build"]


def test_lines_and_places_do_not_count() -> None:
    moved = Declared({"name": "n"}, Position("q.yaml", 9), {("name",): 9}, root="team")
    assert entry_changes(entry(), moved) == []


def test_entries_that_differ_in_their_names_alone() -> None:
    assert same_but_name(entry({"a": 1}), entry({"name": "m", "a": 1}))
    assert same_but_name(entry(), entry())
    assert not same_but_name(entry({"a": 1}), entry({"name": "m", "a": 2}))
    assert not same_but_name(entry({"a": 1}), entry({"a": 2}))


def test_a_project_file_differs_by_what_running_code_may_depend_on() -> None:
    old = b'[project]\ndependencies = ["a"]\n[tool.ruff]\nline-length = 80\n'
    same = b'[project]\ndependencies = ["a"]\n[tool.mypy]\nstrict = true\n'
    assert project_changes(old, same) == []
    assert project_changes(old, b'[project]\ndependencies = ["b"]\n') == ["project.dependencies[0]"]
    assert project_changes(old, old + b'[tool.uv]\nindex = "x"\n') == ["tool"]
    uv, other = b'[tool.uv]\nindex = "x"\n', b'[tool.uv]\nindex = "y"\n[tool.ruff]\n'
    assert project_changes(uv, other) == ["tool.uv.index"]


def test_a_project_file_that_is_new_or_gone_is_an_empty_one() -> None:
    assert project_changes(None, b'[project]\nname = "x"\n') == ["project"]
    assert project_changes(None, b"[tool.ruff]\n") == []
    assert project_changes(b"", None) == []


@pytest.mark.parametrize("broken", [b"[", b"\xff"])
def test_one_that_cannot_be_read_tells_nothing(broken: bytes) -> None:
    assert project_changes(broken, b"") is None
    assert project_changes(b"", broken) is None


def test_only_what_decides_over_deployments_counts_of_a_configuration() -> None:
    old = {"env": {"dev": {"tags": ["a"]}}, "checks": {"x": "off"}, "repository": "r"}
    new = {"env": {"dev": {"tags": ["a", "b"]}}, "ci": {}, "repository": "s"}
    assert sorted(policy_changes(old, new)) == ["env.dev.tags", "repository"]
    assert policy_changes({"image": {"name": "a"}}, {"image": {"name": "b"}}) == []
    assert policy_changes({}, {"default-branch": "main"}) == ["default-branch"]
