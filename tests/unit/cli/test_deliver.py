"""`flowlift deliver`: what it hands on, and how it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flowlift.delivery.deciding import Decision, Request, Step
from flowlift.delivery.deliver import Delivered
from flowlift.delivery.events import Event
from flowlift.delivery.outcome import Outcome, failed
from flowlift.delivery.report import Published
from flowlift.errors import InputError, WorkspaceError
from flowlift.project.workflows import Stage
from tests.parts.commands import Called, Here, command

STEP = Step("deployments", "apply", "dev", "changed: a")
DECISION = Decision(Event(Stage.PROPOSED, "pull request 7 is open"), (STEP,), {})
DONE = Delivered(DECISION, (Outcome(STEP, lambda limit: "", written=("etl/daily",)),))


@pytest.fixture
def opened(here: Here) -> list[Called]:
    """The projects that were opened, with which environment."""
    return here.calls("flowlift.project.project.open_project", here.project)


def delivering(here: Here, answer: Any) -> list[Called]:
    return here.calls("flowlift.delivery.deliver.deliver", answer)


def test_what_was_asked_is_handed_on(here: Here, opened: list[Called], tmp_path: Path):
    calls = delivering(here, DONE)
    words = ["--only", "image", "--only", "worker", "--env", "dev", "--env", "prod"]
    image = "ghcr.io/acme/flows@sha256:1"
    done = command("deliver", "-C", str(tmp_path), *words, "--image", image, "--dry-run")
    assert done.code == 0
    assert opened[0].given[0] == tmp_path
    assert calls[0].given[:2] == (
        here.project,
        Request(("image", "worker"), ("dev", "prod"), image, dry_run=True),
    )


def test_nothing_asked_for_is_everything(here: Here, opened: list[Called]):
    calls = delivering(here, DONE)
    command("deliver")
    assert calls[0].given[1] == Request()


def test_an_event_that_is_given_stands_for_the_ci_s(
    here: Here, opened: list[Called], tmp_path: Path
):
    delivering(here, DONE)
    file = tmp_path / "event.json"
    given = ["--event", "push", "--event-file", str(file)]
    command("deliver", *given, environ={"GITLAB_CI": "true", "GITHUB_REF": "refs/heads/x"})
    environ = opened[0].given[1]
    assert environ["GITHUB_EVENT_NAME"] == "push"
    assert environ["GITHUB_EVENT_PATH"] == str(file)
    assert "GITLAB_CI" not in environ
    assert "GITHUB_REF" not in environ


def test_an_event_that_flowlift_does_not_know_is_wrong_input(here: Here, opened: list[Called]):
    calls = delivering(here, DONE)
    result = command("deliver", "--event", "issues")
    assert result.code == 2
    assert "It is one of pull_request, push," in result.err
    assert calls == opened == []


def test_what_ended_it_is_told_and_its_code_is_the_command_s(here: Here, opened: list[Called]):
    error = WorkspaceError("The server is down.", remedy="Start it.")
    later = Step("deployments", "plan", "prod", "")
    delivering(here, Delivered(DECISION, (failed(STEP, error),), (later,)))
    result = command("deliver")
    assert result.code == 1
    assert "Error: The server is down.\n  Start it.\n" in result.err
    assert "Not begun: deployments plan prod" in result.err


def test_a_step_that_goes_wrong_without_an_error_has_its_code(here: Here, opened: list[Called]):
    delivering(here, Delivered(DECISION, (Outcome(STEP, lambda limit: "", code=2),)))
    assert command("deliver").code == 2


def test_what_cannot_be_decided_is_wrong_input(here: Here, opened: list[Called]):
    delivering(here, InputError("No event is known."))
    assert command("deliver").code == 2


def test_as_data_all_of_it_is_told(here: Here, opened: list[Called]):
    published = Published("https://comment", 7, {"changed": "true"}, ["the summary: no"])
    delivering(here, Delivered(DECISION, DONE.outcomes, (), published))
    result = command("deliver", "--json")
    step = {
        "workflow": "deployments",
        "verb": "apply",
        "environment": "dev",
        "why": "changed: a",
    }
    assert result.json == {
        "stage": "proposed",
        "why": "pull request 7 is open",
        "decision": [step],
        "left": {},
        "steps": [{**step, "code": 0, "written": ["etl/daily"], "plan": None}],
        "not_begun": [],
        "outputs": {"changed": "true"},
        "pull_request": 7,
        "comment": "https://comment",
        "undone": ["the summary: no"],
    }
    assert "Note: not written: the summary: no" in result.err
