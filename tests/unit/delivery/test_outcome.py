from __future__ import annotations

from typing import get_args

import pytest

from flowlift.delivery.deciding import Step
from flowlift.delivery.outcome import failed, said, title_of
from flowlift.errors import InputError, Position, WorkerError
from flowlift.findings import Finding, Level
from flowlift.project.workflows import Verb

ROOM = 10_000


@pytest.mark.parametrize(
    ("step", "title"),
    [
        (Step("deployments", "apply", "dev", ""), "dev"),
        (Step("deployments", "check", "", ""), "deployments"),
        (Step("worker", "update", "prod", ""), "prod: worker"),
        (Step("image", "build", "", ""), "image"),
    ],
)
def test_a_section_is_headed_with_where_it_happened(step: Step, title: str) -> None:
    assert title_of(step) == title
    assert said(step, "Done.").section(ROOM).startswith(f"### {title}\n")


def test_what_is_said_is_the_same_for_people_for_json_and_for_later_jobs() -> None:
    step = Step("image", "build", "", "")
    outcome = said(step, "Built: `a:1`", ["version 1"], image="a:1@sha256:0", digest="")
    assert "Built: `a:1`" in outcome.section(ROOM)
    assert "- version 1" in outcome.section(ROOM)
    assert outcome.data == {"lead": "Built: `a:1`", "facts": ["version 1"]}
    assert outcome.outputs == {"image": "a:1@sha256:0", "digest": ""}
    assert (outcome.code, outcome.state) == (0, "")


def test_a_failure_says_where_what_and_how_to_go_on() -> None:
    error = InputError("No `name`.", remedy="Give one.", at=Position("prefect.yaml", 3))
    finding = Finding(check="shape", level=Level.ERROR, message="No `name`.")
    outcome = failed(Step("deployments", "plan", "dev", ""), error, [finding])
    text = outcome.section(ROOM)
    assert text.startswith("### dev\n")
    assert "prefect.yaml:3" in text
    assert "Give one." in text
    assert (outcome.code, outcome.error) == (error.exit_code, error)
    assert outcome.findings == (finding,)
    assert outcome.data == {"error": "No `name`.", "remedy": "Give one."}


@pytest.mark.parametrize("verb", get_args(Verb))
def test_only_what_writes_leaves_its_environment_failed(verb: Verb) -> None:
    outcome = failed(Step("deployments", verb, "dev", ""), WorkerError("No.", remedy="Look."))
    written = verb in {"apply", "sync", "update", "release"}
    assert outcome.state == ("failure" if written else "")
    assert outcome.code
