"""Where a command runs, as each CI says it: branch, base, commit, pull request and run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from flowlift.errors import InputError
from flowlift.project.context import CiContext, read_context
from tests.parts.ci_events import FORK, GITLAB, MERGE_REQUEST, PUSH, github, pull

HEAD, BASE, AFTER, BEFORE, NONE = "a" * 40, "b" * 40, "c" * 40, "d" * 40, "0" * 40


def said(context: CiContext) -> dict[str, Any]:
    """What a context says, without what it says nothing of."""
    values = {field.name: getattr(context, field.name) for field in fields(context)}
    return {name: value for name, value in values.items() if value not in (None, "", False)}


def test_without_a_ci_nothing_is_said():
    assert said(read_context({})) == {}


@pytest.mark.parametrize("variable", ["GITHUB_ACTIONS", "GITEA_ACTIONS", "GITLAB_CI"])
def test_a_ci_is_only_there_where_it_says_true(variable: str):
    assert read_context({variable: "1", "CI_COMMIT_BRANCH": "a"}).ci == ""
    assert read_context({variable: "true"}).ci in {"github", "gitlab"}


# GitHub, and Gitea, which says the same --------------------------------------------------

OPEN = {
    "ci": "github",
    "event": "pull_request",
    "action": "opened",
    "branch": "feat/a",
    "base": "main",
    "commit": HEAD,
    "pull_request": 7,
    "default_branch": "main",
    "before": BASE,
}
CLOSED = {**OPEN, "action": "closed"}
del CLOSED["commit"]  # of a closed pull request the branch may be gone, and its commit with it


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (pull("opened"), OPEN),
        (pull("synchronize"), {**OPEN, "action": "synchronize"}),
        (pull("opened", draft=True), {**OPEN, "draft": True}),
        (pull("opened", base="release"), {**OPEN, "base": "release"}),
        (pull("opened", repository=FORK), {**OPEN, "fork": True}),
        # The fork is deleted since.
        (pull("opened", repository=None), {**OPEN, "fork": True}),
        (pull("closed", merged=False), {**CLOSED, "gone": "feat/a"}),
        (
            pull("closed", merged=True),
            {**CLOSED, "gone": "feat/a", "merged": True, "branch": "main"},
        ),
        # A fork's branch may have the name of one of ours, which is not gone by that.
        (pull("closed", repository=FORK), {**CLOSED, "fork": True}),
    ],
)
def test_a_pull_request_on_github(tmp_path: Path, event: dict[str, Any], expected: dict[str, Any]):
    assert said(github(tmp_path, "pull_request", event)) == expected


def test_the_variables_of_a_pull_request_stand_above_its_event(tmp_path: Path):
    names = {"GITHUB_HEAD_REF": "feat/b", "GITHUB_BASE_REF": "release"}
    context = github(tmp_path, "pull_request", pull("opened"), **names)
    assert (context.branch, context.base) == ("feat/b", "release")


def test_a_merged_pull_request_stands_on_its_base(tmp_path: Path):
    event = pull("closed", merged=True)
    assert github(tmp_path, "pull_request", event, GITHUB_BASE_REF="release").branch == "release"
    unmerged = pull("closed", merged=False)
    assert github(tmp_path, "pull_request", unmerged, GITHUB_BASE_REF="main").branch == "feat/a"


@pytest.mark.parametrize(
    ("name", "event", "environ", "expected"),
    [
        (
            "push",
            {"ref": "refs/heads/main", "before": BEFORE, "after": AFTER},
            {},
            {"branch": "main", "commit": AFTER, "before": BEFORE},
        ),
        (
            "push",
            {"ref": "refs/heads/main", "before": NONE, "after": AFTER},
            {"GITHUB_SHA": HEAD},
            {"branch": "main", "commit": HEAD},
        ),
        ("push", {}, {"GITHUB_REF": "refs/tags/v1"}, {"tag": "v1"}),
        (
            "push",
            {"ref": "refs/heads/feat/a", "deleted": True, "before": BEFORE, "after": NONE},
            {},
            {"gone": "feat/a", "before": BEFORE},
        ),
        (
            "push",
            {},
            {"GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "feat/b", "GITHUB_REF": "refs/x"},
            {"branch": "feat/b"},
        ),
        ("delete", {"ref": "feat/a", "ref_type": "branch"}, {}, {"gone": "feat/a"}),
        ("delete", {"ref": "refs/heads/feat/a", "ref_type": "branch"}, {}, {"gone": "feat/a"}),
        ("delete", {"ref": "v1", "ref_type": "tag"}, {}, {}),
        ("delete", {"ref": "", "ref_type": "branch"}, {}, {}),
        (
            "merge_group",
            {"merge_group": {"head_ref": "refs/heads/queue/pr-7", "base_ref": "refs/heads/main"}},
            {"GITHUB_SHA": AFTER},
            {"branch": "queue/pr-7", "base": "main", "commit": AFTER},
        ),
        ("merge_group", {}, {}, {}),
        ("workflow_dispatch", {"ref": "refs/heads/feat/a"}, {}, {"branch": "feat/a"}),
        ("schedule", {}, {"GITHUB_REF": "refs/heads/main"}, {"branch": "main"}),
    ],
)
def test_other_events_on_github(
    tmp_path: Path,
    name: str,
    event: dict[str, Any],
    environ: dict[str, str],
    expected: dict[str, Any],
):
    everywhere = {"ci": "github", "event": name, "default_branch": "main"}
    assert said(github(tmp_path, name, event, **environ)) == {**everywhere, **expected}


def test_the_run_s_page_is_told_where_all_of_its_address_is(tmp_path: Path):
    page = {
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/platform",
        "GITHUB_RUN_ID": "42",
    }
    run = github(tmp_path, "push", {}, **page).run
    assert run == "https://github.com/acme/platform/actions/runs/42"
    for missing in ("GITHUB_SERVER_URL", "GITHUB_RUN_ID"):
        assert github(tmp_path, "push", {}, **{**page, missing: ""}).run == ""


def test_gitea_says_what_github_says():
    context = read_context({"GITEA_ACTIONS": "true", "GITHUB_REF": "refs/heads/main"})
    assert said(context) == {"ci": "github", "branch": "main"}


def test_a_job_without_an_event_file_knows_its_variables():
    context = read_context(
        {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main"}
    )
    assert (context.branch, context.default_branch) == ("main", None)


@pytest.mark.parametrize(
    ("text", "message"),
    [(None, "cannot be read"), ("{", "cannot be read"), ("[]", "no JSON object")],
)
def test_an_event_file_that_is_none_is_named(tmp_path: Path, text: str | None, message: str):
    file = tmp_path / "event.json"
    if text is not None:
        file.write_text(text)
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(file)}
    with pytest.raises(InputError, match=message) as raised:
        read_context(environ)
    assert raised.value.at == (str(file), 0)
    assert "--branch" in raised.value.remedy


@pytest.mark.parametrize("event", [{"pull_request": None}, {"pull_request": {}}, {"number": "x"}])
def test_an_event_with_less_than_it_should_say_is_no_fault(tmp_path: Path, event: dict[str, Any]):
    context = github(tmp_path, "pull_request", event)
    assert (context.branch, context.pull_request, context.fork) == (None, None, False)


# GitLab ----------------------------------------------------------------------------------

BRANCH = {**PUSH, "CI_COMMIT_BRANCH": "main"}
REQUEST = {
    "ci": "gitlab",
    "event": "merge_request_event",
    "branch": "feat/a",
    "base": "main",
    "pull_request": 7,
    "default_branch": "main",
}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {}),
        ({"CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": HEAD, "CI_COMMIT_SHA": AFTER}, {"commit": HEAD}),
        ({"CI_COMMIT_SHA": AFTER}, {"commit": AFTER}),
        ({"CI_MERGE_REQUEST_EVENT_TYPE": "merge_train"}, {"action": "merge_train"}),
        ({"CI_MERGE_REQUEST_DRAFT": "true"}, {"draft": True}),
        ({"CI_MERGE_REQUEST_DRAFT": "false", "CI_MERGE_REQUEST_TITLE": "Draft: a"}, {}),
        ({"CI_MERGE_REQUEST_TITLE": "Draft: a"}, {"draft": True}),
        ({"CI_MERGE_REQUEST_TITLE": "[Draft] a"}, {"draft": True}),
        ({"CI_MERGE_REQUEST_TITLE": "(draft) a"}, {"draft": True}),
        ({"CI_MERGE_REQUEST_TITLE": "Drafting: a"}, {}),
        ({"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2"}, {"fork": True}),
        ({"CI_ENVIRONMENT_ACTION": "stop"}, {"gone": "feat/a"}),
        ({"CI_ENVIRONMENT_ACTION": "start"}, {}),
        ({"CI_PIPELINE_URL": "https://g/1", "CI_JOB_URL": "https://g/2"}, {"run": "https://g/1"}),
        ({"CI_JOB_URL": "https://g/2"}, {"run": "https://g/2"}),
    ],
)
def test_a_merge_request_on_gitlab(more: dict[str, str], expected: dict[str, Any]):
    assert said(read_context({**MERGE_REQUEST, **more})) == {**REQUEST, **expected}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (
            {**BRANCH, "CI_COMMIT_SHA": AFTER, "CI_COMMIT_BEFORE_SHA": BEFORE},
            {"event": "push", "branch": "main", "commit": AFTER, "before": BEFORE},
        ),
        (
            {**BRANCH, "CI_COMMIT_BEFORE_SHA": NONE},
            {"event": "push", "branch": "main"},
        ),
        ({**PUSH, "CI_COMMIT_TAG": "v1"}, {"event": "push", "tag": "v1"}),
        (
            {**PUSH, "CI_COMMIT_BRANCH": "feat/a", "CI_ENVIRONMENT_ACTION": "stop"},
            {"event": "push", "branch": "feat/a", "gone": "feat/a"},
        ),
        ({**GITLAB, "CI_PIPELINE_SOURCE": "web"}, {"event": "web"}),
        (GITLAB, {}),
    ],
)
def test_other_pipelines_on_gitlab(environ: dict[str, str], expected: dict[str, Any]):
    everywhere = {"ci": "gitlab", "default_branch": "main"}
    assert said(read_context(environ)) == {**everywhere, **expected}


# What the user says ----------------------------------------------------------------------


def test_what_the_user_says_wins(tmp_path: Path):
    context = read_context(MERGE_REQUEST, branch="feat/b", base="release")
    assert (context.branch, context.base) == ("feat/b", "release")


def test_the_event_s_pull_request_is_not_that_of_another_branch():
    environ = {**MERGE_REQUEST, "CI_COMMIT_SHA": AFTER}
    other = read_context(environ, branch="feat/b")
    assert (other.pull_request, other.commit) == (None, None)
    same = read_context(environ, branch="feat/a")
    assert (same.pull_request, same.commit) == (7, AFTER)


def test_a_branch_that_the_user_gives_leaves_the_base_of_the_ci():
    assert read_context(MERGE_REQUEST, branch="feat/b").base == "main"


# The run's number ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "number"),
    [
        ({"GITHUB_RUN_NUMBER": "12"}, "12"),
        ({"GITHUB_RUN_NUMBER": "12", "GITHUB_RUN_ATTEMPT": "1"}, "12"),
        ({"GITHUB_RUN_NUMBER": "12", "GITHUB_RUN_ATTEMPT": "3"}, "12.3"),
        ({"GITHUB_RUN_ATTEMPT": "3"}, ""),
        ({"GITHUB_RUN_NUMBER": "12", "CI_PIPELINE_IID": "5"}, "12"),
        ({"CI_PIPELINE_IID": "5"}, "5"),
        ({"BUILD_NUMBER": "6"}, "6"),
        ({"BUILD_BUILDID": "7"}, "7"),
        ({"BUILDKITE_BUILD_NUMBER": "8"}, "8"),
        ({"BITBUCKET_BUILD_NUMBER": "9"}, "9"),
        ({"CIRCLE_BUILD_NUM": "10"}, "10"),
        ({"DRONE_BUILD_NUMBER": "11"}, "11"),
        ({"BUILD_NUMBER": "", "DRONE_BUILD_NUMBER": "11"}, "11"),
        ({}, ""),
    ],
)
def test_each_ci_counts_its_runs(environ: Mapping[str, str], number: str):
    assert read_context(environ).run_number == number
