"""`flowlift plan`: what it hands on, its exit codes, and the plan as data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowlift.deployments.scope import Options
from flowlift.errors import InputError, UnreachableError
from flowlift.plan.model import Plan
from tests.parts.commands import CLIENT, Called, Here, command
from tests.parts.example_plans import broken, merge

EMPTY = merge().model_copy(update={"changes": (), "findings": ()})


def planning(here: Here, plan: Plan) -> list[Called]:
    """Stand in for reading and deciding; the calls of the reading."""
    calls = here.awaits("flowlift.deployments.reading.read", "what was read")
    here.calls("flowlift.deployments.planning.decide", plan)
    return calls


def test_what_was_asked_is_handed_on(here: Here, tmp_path: Path):
    calls = planning(here, EMPTY)
    words = ["--branch", "feat/a", "--base", "release", "--scope", "all", "-n", "a", "-n", "b"]
    where = ["-C", str(tmp_path)]
    assert command("plan", "dev", *where, *words, "--take-over", "--allow-delete", "2").code == 0
    assert here.opened == [(tmp_path, "feat/a", "release")]
    assert here.asked == ["dev"]
    wanted = Options("all", ("a", "b"), take_over=True, allow_delete=2)
    assert [call.given for call in calls] == [(here.project, "dev", wanted, CLIENT)]


@pytest.mark.parametrize(
    ("plan", "code", "detailed"), [(EMPTY, 0, 0), (merge(), 0, 2), (broken(), 2, 1)]
)
def test_the_exit_code_tells_errors_and_in_detail_changes(
    here: Here, plan: Plan, code: int, detailed: int
):
    planning(here, plan)
    assert command("plan", "prod").code == code
    assert command("plan", "prod", "--detailed-exitcode").code == detailed


def test_what_could_not_be_planned_is_1_in_detail(here: Here):
    here.awaits(
        "flowlift.deployments.reading.read", InputError("No manifest.", remedy="Write one.")
    )
    assert command("plan", "prod").code == 2
    detailed = command("plan", "prod", "--detailed-exitcode")
    assert (detailed.code, detailed.err) == (1, "Error: No manifest.\n  Write one.\n")


def test_a_server_that_does_not_answer_is_1_in_both(here: Here):
    here.awaits("flowlift.deployments.reading.read", UnreachableError("Nothing answers."))
    assert command("plan", "prod").code == command("plan", "prod", "--detailed-exitcode").code == 1


def test_a_plan_is_shown_to_a_person_or_as_data(here: Here):
    planning(here, merge())
    assert merge().writes[0].deployment in command("plan", "prod").out
    shown = command("plan", "prod", "--json")
    assert shown.json["format"] == "flowlift.plan/1"
    assert len(shown.json["changes"]) == len(merge().changes)
    assert shown.err == ""


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_plan_is_saved_as_it_is_shown(here: Here, tmp_path: Path, words: tuple[str, ...]):
    planning(here, merge())
    file = tmp_path / "plan.json"
    result = command("plan", "prod", "--out", str(file), *words)
    assert json.loads(file.read_text()) == command("plan", "prod", "--json").json
    assert result.err == ("" if words else f"Saved to {file}.\n")
