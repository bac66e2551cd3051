"""`flowlift apply`: what it hands on, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlift.cli.boundary import INTERRUPTED
from flowlift.deployments.applying import Applied, ApplyOrder
from flowlift.deployments.scope import Options
from flowlift.errors import FindingsError, LockedError
from flowlift.render.data import plan_json
from flowlift.workspace.write import Written
from tests.parts.commands import CLIENT, Here, command
from tests.parts.example_plans import merge

PLAN = merge()
DONE = Applied(PLAN, Written(done=list(PLAN.writes)))
APPLY = "flowlift.deployments.applying.apply"


def test_what_was_asked_is_handed_on(here: Here):
    calls = here.awaits(APPLY, DONE)
    words = ["--branch", "feat/a", "--base", "main", "--scope", "changed", "-n", "a"]
    more = ["--take-over", "--allow-delete", "0", "--lock-wait", "5", "--yes"]
    assert command("apply", "dev", *words, *more).code == 0
    assert here.opened == [(Path(), "feat/a", "main")]
    assert here.asked == ["dev"]
    (call,) = calls
    project, order, client, voice = call.given
    assert (project, client) == (here.project, CLIENT)
    wanted = Options("changed", ("a",), take_over=True, allow_delete=0)
    assert order == ApplyOrder("dev", wanted, lock_wait=5.0)
    assert (voice.ask, voice.as_json) == (False, False)


def test_a_saved_plan_is_read_and_nobody_is_asked(here: Here, tmp_path: Path):
    calls = here.awaits(APPLY, DONE)
    file = tmp_path / "plan.json"
    file.write_text(plan_json(PLAN))
    assert command("apply", "prod", str(file)).code == 0
    _, order, _, voice = calls[0].given
    assert order.saved is not None
    assert plan_json(order.saved) == plan_json(PLAN)
    assert not voice.ask


def test_without_yes_a_person_is_asked(here: Here):
    calls = here.awaits(APPLY, DONE)
    command("apply", "prod")
    assert calls[0].given[3].ask


def test_a_file_that_is_no_plan_is_wrong_input(here: Here, tmp_path: Path):
    calls = here.awaits(APPLY, DONE)
    file = tmp_path / "plan.json"
    file.write_text("{}")
    assert command("apply", "prod", str(file)).code == 2
    assert calls == []


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (DONE.written, 0),
        (Written(), 0),
        (Written(failed=[(PLAN.writes[0], "No.")], why="a change failed"), 1),
        (Written(left=list(PLAN.writes), why="it was interrupted", interrupted=True), INTERRUPTED),
    ],
)
def test_how_it_ended_is_the_exit_code_and_the_data(here: Here, written: Written, code: int):
    here.awaits(APPLY, Applied(PLAN, written))
    result = command("apply", "prod", "--yes", "--json")
    assert result.code == code
    assert result.json["done"] == [change.deployment for change in written.done]
    assert result.json["left"] == [change.deployment for change in written.left]
    assert [item["why"] for item in result.json["failed"]] == [why for _, why in written.failed]


def test_a_no_is_1(here: Here):
    here.awaits(APPLY, Applied(PLAN, confirmed=False))
    result = command("apply", "prod")
    assert (result.code, result.err) == (1, "Nothing was written.\n")


def test_findings_are_wrong_input_and_a_lock_is_a_failure(here: Here):
    here.awaits(APPLY, FindingsError(""))
    assert command("apply", "prod", "--yes").code == 2
    here.awaits(APPLY, LockedError("prod is being written by ben@laptop."))
    result = command("apply", "prod", "--yes")
    assert (result.code, result.err) == (1, "Error: prod is being written by ben@laptop.\n")
