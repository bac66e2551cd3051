"""What a person, or a CI's log, sees of a delivery."""

from __future__ import annotations

import json

import pytest

from flowlift.cli.deliver_voice import DeliverVoice
from flowlift.delivery.deciding import Decision, Step
from flowlift.delivery.deliver import Delivered
from flowlift.delivery.events import Event
from flowlift.delivery.outcome import Outcome
from flowlift.delivery.report import Published
from flowlift.deployments.applying import Applied
from flowlift.deployments.verifying import RunOutcome
from flowlift.errors import Position, WorkerError
from flowlift.findings import finding
from flowlift.project.workflows import Stage
from flowlift.workspace.write import Written
from tests.parts.example_plans import merge

Capture = pytest.CaptureFixture[str]

APPLY = Step("deployments", "apply", "dev", "ref is branch")
DECISION = Decision(
    Event(Stage.PROPOSED, "a pull request"), (APPLY,), {"image": "no input changed"}
)
DONE = Delivered(DECISION, (Outcome(APPLY, lambda limit: "", written=("a/b",)),))


def test_a_delivery_is_told_step_by_step(capsys: Capture) -> None:
    voice, plan = DeliverVoice({}, as_json=False), merge()
    with voice.running():
        voice.decided(DECISION)
        voice.begun(APPLY)
        voice.planned(plan)
        voice.confirm(plan)
        voice.written(plan.writes[0], 0.08)
        voice.applied(Applied(plan, Written(done=[plan.writes[0]])))
        voice.ran([RunOutcome("a/b", "Completed", 1.0)])
    assert voice.close(DONE) == 0
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert lines[1:3] == [
        "  deployments: apply dev (ref is branch)",
        "  image: nothing (no input changed)",
    ]
    assert any(line.startswith(f"Applied to {plan.environment} in ") for line in lines)
    assert lines[-1] == "1 run: 1 completed."
    assert told.err == "\ndeployments: apply dev\n"


def test_findings_are_a_line_each(capsys: Capture) -> None:
    at = Position("values-dev.yaml", 3)
    DeliverVoice({}, as_json=False).found(
        [finding("pull-secret", "No \x1bsecret.", "Make it.", at)]
    )
    assert capsys.readouterr().err == "error: values-dev.yaml:3: No \\x1bsecret.\n"


def test_as_json_standard_output_has_the_result_alone(capsys: Capture) -> None:
    voice = DeliverVoice({}, as_json=True)
    with voice.running():
        voice.decided(DECISION)
        voice.planned(merge())
    assert voice.close(DONE) == 0
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert document["why"] == "a pull request"
    assert document["steps"][0]["written"] == ["a/b"]
    assert "  deployments: apply dev (ref is branch)" in told.err


def test_a_runner_obeys_no_line_meanwhile_but_the_annotations_after(capsys: Capture) -> None:
    found = finding("trigger", "No such event.", "Correct it.", Position("prefect.yaml", 4))
    outcome = Outcome(APPLY, lambda limit: "", findings=(found,))
    voice = DeliverVoice({"GITHUB_ACTIONS": "true", "CI": "true"}, as_json=False)
    with voice.running():
        voice.say("::error::not ours")
    voice.close(Delivered(DECISION, (outcome,)))
    begin, line, end, *rest = capsys.readouterr().err.splitlines()
    word = begin.removeprefix("::stop-commands::")
    assert (line, end) == ("::error::not ours", f"::{word}::")
    assert rest[0].startswith("::error file=prefect.yaml,line=4")


def test_what_ended_it_is_raised_after_all_else_is_told(capsys: Capture) -> None:
    error = WorkerError("The worker does not start.")
    done = Delivered(
        DECISION,
        (Outcome(APPLY, lambda limit: "", code=1, error=error),),
        (Step("worker", "update", "prod", ""),),
        Published(comment="https://forge/1", undone=["the summary: no room\n\x1b[2J"]),
    )
    with pytest.raises(WorkerError, match="does not start"):
        DeliverVoice({}, as_json=False).close(done)
    assert capsys.readouterr().err.splitlines() == [
        "Note: not written: the summary: no room",
        "\\x1b[2J",
        "Not begun: worker update prod",
        "Comment: https://forge/1",
    ]
