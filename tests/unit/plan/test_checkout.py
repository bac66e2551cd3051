"""The branch in `git_clone` pull steps."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.plan.checkout import check_out, clone_directory
from tests.parts.plans import URL, policy

GIT_CLONE = "prefect.deployments.steps.git_clone"


def clone(**inputs: Any) -> dict[str, Any]:
    return {GIT_CLONE: {"repository": URL, **inputs}}


def test_the_branch_is_put_in_and_the_folder_keeps_its_name() -> None:
    steps = [clone(branch="main", id="clone"), {"a.b": {"directory": "platform-main"}}]
    result = check_out(steps, policy("dev", "feat/x"))
    assert result.steps[0] == clone(
        branch="feat/x", id="clone", clone_directory_name="platform-main"
    )
    assert result.steps[1] == steps[1]
    assert result.changed == [0]


def test_a_step_without_a_branch_keeps_the_plain_folder() -> None:
    result = check_out([clone()], policy("dev", "feat/x"))
    assert result.steps == [clone(branch="feat/x", clone_directory_name="platform")]


@pytest.mark.parametrize("declared", [{}, {"branch": "main"}, {"commit_sha": "abc123"}])
def test_the_default_branch_leaves_a_step_as_it_is_declared(declared: dict[str, str]) -> None:
    result = check_out([clone(**declared)], policy())
    assert result.steps == [clone(**declared)]
    assert result.changed == []


def test_the_default_branch_replaces_another_one() -> None:
    result = check_out([clone(branch="develop")], policy())
    assert result.steps == [clone(branch="main", clone_directory_name="platform-develop")]


def test_a_branch_replaces_a_pinned_commit() -> None:
    result = check_out([clone(commit_sha="abc123")], policy("dev", "feat/x"))
    assert result.steps == [clone(branch="feat/x", clone_directory_name="platform")]


@pytest.mark.parametrize(
    "url",
    [
        "git@github.com:acme/platform.git",
        "git@work-alias:acme/platform.git",
        "ssh://git@mirror:2222/acme/platform",
        "http://gitea.internal/x/platform.git",
        "{{ $REPOSITORY }}",
    ],
)
def test_every_address_of_this_repository_gets_the_branch(url: str) -> None:
    result = check_out([{GIT_CLONE: {"repository": url}}], policy("dev", "feat/x"))
    assert result.steps[0][GIT_CLONE]["branch"] == "feat/x"


def test_another_repository_keeps_its_branch() -> None:
    step = {GIT_CLONE: {"repository": "https://github.com/acme/shared-config.git"}}
    result = check_out([step], policy("dev", "feat/x"))
    assert result.steps == [step]
    assert result.foreign == [0]


def test_an_old_prefect_is_not_given_a_key_that_it_refuses() -> None:
    result = check_out([clone()], policy("dev", "feat/x", server_version="3.4.0"))
    assert result.steps == [clone(branch="feat/x")]
    assert result.unstable == [0]


def test_a_hostile_branch_is_data() -> None:
    branch = 'a";$(touch pwned)/{{7*7}}'
    result = check_out([clone()], policy("dev", branch))
    assert result.steps[0][GIT_CLONE]["branch"] == branch
    assert result.steps[0][GIT_CLONE]["clone_directory_name"] == "platform"


def test_the_folder_is_named_as_prefect_names_it() -> None:
    assert clone_directory("https://h/acme/flows.git", None) == "flows"
    assert clone_directory("git@h:acme/flows.git", "feat/x") == "flows-feat-x"


COMMIT = "c" * 40


@pytest.mark.parametrize("declared", [{}, {"branch": "main"}, {"branch": "develop"}])
@pytest.mark.parametrize("branch", ["main", "feat/x"])
def test_a_pin_takes_the_branchs_place(declared: dict[str, str], branch: str) -> None:
    result = check_out([clone(**declared)], policy(branch=branch, pin="closure", commit=COMMIT))
    folder = clone_directory(URL, declared.get("branch"))
    assert result.steps == [clone(commit_sha=COMMIT, clone_directory_name=folder)]
    assert (result.code, result.pinned, result.changed) == (COMMIT, [0], [0])


def test_a_commit_of_the_manifest_is_left_to_it_on_the_default_branch() -> None:
    steps = [clone(commit_sha="abc123")]
    result = check_out(steps, policy(pin="commit", commit=COMMIT))
    assert (result.steps, result.code, result.pinned) == (steps, "abc123", [])
    on_branch = check_out(steps, policy("dev", "feat/x", pin="commit", commit=COMMIT))
    assert on_branch.steps == [clone(commit_sha=COMMIT, clone_directory_name="platform")]


def test_what_no_clone_of_ours_brings_has_no_code_to_tell() -> None:
    other = {GIT_CLONE: {"repository": "https://github.com/acme/other.git", "branch": "v1"}}
    folder = {"prefect.deployments.steps.set_working_directory": {"directory": "/srv"}}
    result = check_out([other, folder], policy(pin="closure", commit=COMMIT))
    assert (result.steps, result.code, result.foreign) == ([other, folder], "", [0])


def test_the_branch_is_what_is_told_where_nothing_is_pinned() -> None:
    assert check_out([clone()], policy()).code == "branch main"
    assert check_out([clone()], policy("dev", "feat/x")).code == "branch feat/x"
