from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flowlift.delivery.events import read_event, stand_in
from flowlift.errors import InputError
from flowlift.project.context import CiContext, read_context
from flowlift.project.workflows import Stage
from tests.parts.ci_events import FORK, GITLAB, MERGE_REQUEST, OWN, PUSH, github, pull


def stage(context: CiContext, branch: str | None = None) -> Stage:
    return read_event(context, branch, "main").stage


@pytest.mark.parametrize("action", ["opened", "synchronize", "reopened", "ready_for_review"])
def test_an_open_pull_request_is_proposed(tmp_path: Path, action: str) -> None:
    context = github(tmp_path, "pull_request", pull(action))
    assert stage(context) is Stage.PROPOSED
    assert (context.pull_request, context.branch, context.base) == (7, "feat/a", "main")


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (pull("opened", draft=True), Stage.SHOWN),
        (pull("opened", repository=FORK), Stage.OFFLINE),
        (pull("opened", repository=None), Stage.OFFLINE),
        (pull("opened", repository=FORK, draft=True), Stage.OFFLINE),
        (pull("closed", merged=True), Stage.MERGED),
        (pull("closed", merged=True, base="release"), Stage.GONE),
        (pull("closed", merged=False), Stage.GONE),
        (pull("closed", merged=False, repository=FORK), Stage.NOTHING),
        (pull("closed", merged=True, repository=FORK), Stage.NOTHING),
    ],
)
def test_what_a_pull_request_is(tmp_path: Path, event: dict[str, Any], expected: Stage) -> None:
    assert stage(github(tmp_path, "pull_request", event)) is expected


@pytest.mark.parametrize(
    ("name", "event", "environ", "expected"),
    [
        ("push", {}, {"GITHUB_REF": "refs/heads/main"}, Stage.MERGED),
        ("push", {"ref": "refs/heads/main"}, {}, Stage.MERGED),
        ("push", {}, {"GITHUB_REF": "refs/heads/feat/a"}, Stage.NOTHING),
        ("push", {}, {"GITHUB_REF": "refs/tags/v1"}, Stage.NOTHING),
        ("push", {"ref": "refs/heads/feat/a", "deleted": True}, {}, Stage.GONE),
        ("delete", {"ref": "feat/a", "ref_type": "branch"}, {}, Stage.GONE),
        ("delete", {"ref": "refs/heads/feat/a", "ref_type": "branch"}, {}, Stage.GONE),
        ("delete", {"ref": "v1", "ref_type": "tag"}, {}, Stage.NOTHING),
        ("merge_group", {"merge_group": {"base_ref": "refs/heads/main"}}, {}, Stage.SHOWN),
        ("workflow_dispatch", {}, {"GITHUB_REF": "refs/heads/main"}, Stage.MERGED),
        ("workflow_dispatch", {}, {"GITHUB_REF": "refs/heads/feat/a"}, Stage.PROPOSED),
        ("schedule", {}, {"GITHUB_REF": "refs/heads/main"}, Stage.MERGED),
    ],
)
def test_other_events(
    tmp_path: Path, name: str, event: dict[str, Any], environ: dict[str, str], expected: Stage
) -> None:
    assert stage(github(tmp_path, name, event, **environ)) is expected


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (MERGE_REQUEST, Stage.PROPOSED),
        ({**MERGE_REQUEST, "CI_MERGE_REQUEST_TITLE": "Draft: rows"}, Stage.SHOWN),
        ({**MERGE_REQUEST, "CI_MERGE_REQUEST_DRAFT": "true"}, Stage.SHOWN),
        ({**MERGE_REQUEST, "CI_MERGE_REQUEST_EVENT_TYPE": "merge_train"}, Stage.SHOWN),
        ({**MERGE_REQUEST, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2"}, Stage.OFFLINE),
        ({**MERGE_REQUEST, "CI_ENVIRONMENT_ACTION": "stop"}, Stage.GONE),
        ({**PUSH, "CI_COMMIT_BRANCH": "main"}, Stage.MERGED),
        ({**PUSH, "CI_COMMIT_BRANCH": "feat/a"}, Stage.NOTHING),
        ({**PUSH, "CI_COMMIT_TAG": "v1"}, Stage.NOTHING),
        ({**PUSH, "CI_COMMIT_BRANCH": "feat/a", "CI_ENVIRONMENT_ACTION": "stop"}, Stage.GONE),
        ({**GITLAB, "CI_PIPELINE_SOURCE": "web", "CI_COMMIT_BRANCH": "main"}, Stage.MERGED),
    ],
)
def test_gitlab(environ: dict[str, str], expected: Stage) -> None:
    assert stage(read_context(environ)) is expected


@pytest.mark.parametrize("name", ["", "issues", "pull_request_target"])
def test_an_event_of_another_kind_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        stage(github(tmp_path, name, pull("opened")), "main")
    assert caught.value.remedy


def test_a_given_event_stands_for_the_ci_s_own(tmp_path: Path) -> None:
    file = tmp_path / "given.json"
    file.write_text(json.dumps({"repository": OWN, **pull("opened")}))
    own = {**PUSH, "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": "d" * 40}
    context = read_context(stand_in(own, "pull_request", file))
    assert stage(context) is Stage.PROPOSED
    assert context.commit == "a" * 40


@pytest.mark.parametrize(
    ("name", "text"), [("pull_request", None), ("push", "{"), ("push", "[]"), ("nonsense", "{}")]
)
def test_a_given_event_that_cannot_be_read(tmp_path: Path, name: str, text: str | None) -> None:
    file = tmp_path / "given.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(InputError) as caught:
        read_context(stand_in({}, name, file))
    assert caught.value.remedy


def test_an_event_file_needs_a_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="which event"):
        stand_in({}, None, tmp_path / "event.json")
