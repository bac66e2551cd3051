"""What a person sees of an apply, and with `--json` the result alone on standard output."""

from __future__ import annotations

import json

import pytest

from flowlift.cli.apply_voice import ApplyVoice
from flowlift.cli.boundary import INTERRUPTED
from flowlift.deployments.applying import Applied
from flowlift.errors import InputError
from flowlift.workspace.write import Written
from tests.parts.example_plans import broken, merge

Capture = pytest.CaptureFixture[str]


def test_an_apply_is_told_from_its_plan_to_its_count(capsys: Capture) -> None:
    voice, plan = ApplyVoice(), merge()
    voice.planned(plan)
    assert voice.confirm(plan)
    voice.waiting("CI run 7, since 12:00:00 UTC")
    for change in plan.writes:
        voice.written(change, 0.08)
    code = voice.conclude(Applied(plan, Written(done=list(plan.writes))))
    told = capsys.readouterr()
    assert code == 0
    lines = told.out.splitlines()
    first = next(i for i, line in enumerate(lines) if line.endswith("(0.08 s)"))
    assert len([line for line in lines[first:] if line.endswith("(0.08 s)")]) == len(plan.writes)
    assert lines[-1].startswith(f"Applied to {plan.environment} in ")
    holder = "waiting for CI run 7, since 12:00:00 UTC, who is writing to"
    assert told.err.splitlines() == [f"{holder} {plan.environment}"]


def test_as_json_the_changes_are_told_on_standard_error(capsys: Capture) -> None:
    voice, plan = ApplyVoice(as_json=True), merge()
    voice.planned(plan)
    voice.written(plan.writes[0], 0.5)
    written = Written(done=[plan.writes[0]], failed=[(plan.writes[1], "No.")], why="it failed")
    assert voice.conclude(Applied(plan, written)) == 1
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert list(document) == ["plan", "done", "failed", "left"]
    assert document["done"] == [plan.writes[0].deployment]
    assert document["failed"] == [{"deployment": plan.writes[1].deployment, "why": "No."}]
    assert told.err.splitlines()[0].endswith(f"{plan.writes[0].deployment} (0.50 s)")
    assert "Stopped after " in told.err


def test_as_json_a_plan_with_errors_is_the_result(capsys: Capture) -> None:
    ApplyVoice(as_json=True).planned(broken())
    assert json.loads(capsys.readouterr().out)["plan"]["environment"] == broken().environment
    ApplyVoice(as_json=True).planned(merge())
    assert capsys.readouterr() == ("", "")


def test_an_interruption_has_its_own_exit_code(capsys: Capture) -> None:
    plan = merge()
    written = Written(left=list(plan.writes), why="it was interrupted", interrupted=True)
    assert ApplyVoice().conclude(Applied(plan, written)) == INTERRUPTED
    assert "it was interrupted" in capsys.readouterr().err


def test_where_nobody_can_answer_nobody_is_asked() -> None:
    with pytest.raises(InputError, match=f"apply this to {merge().environment}"):
        ApplyVoice(ask=True).confirm(merge())


def test_a_no_is_said_and_leaves_with_1(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowlift.cli.session.on_terminal", lambda: True)
    monkeypatch.setattr("click.confirm", lambda *_, **__: False)
    voice = ApplyVoice(ask=True)
    assert not voice.confirm(merge())
    assert voice.conclude(Applied(merge(), confirmed=False)) == 1
    assert capsys.readouterr().err == "Nothing was written.\n"
