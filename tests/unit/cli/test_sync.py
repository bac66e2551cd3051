"""`flowlift sync`: what it hands on, and how it ends."""

from __future__ import annotations

from pathlib import Path

from flowlift.deployments.applying import Applied, ApplyOrder
from flowlift.deployments.scope import Options
from flowlift.project.context import CiContext
from flowlift.workspace.write import Written
from tests.parts.commands import CLIENT, Here, command
from tests.parts.example_plans import merge

PLAN = merge()
DONE = Applied(PLAN, Written(done=list(PLAN.writes)))
SYNC = "flowlift.deployments.syncing.sync"


def test_what_was_asked_is_handed_on(here: Here):
    calls = here.awaits(SYNC, DONE)
    words = ["--gone", "feat/a", "--gone", "feat/b", "--allow-delete", "3", "--lock-wait", "5"]
    assert command("sync", "dev", *words, "-y").code == 0
    assert here.opened == [(Path(), None, None)]
    assert here.asked == ["dev"]
    project, order, client, voice = calls[0].given
    assert (project, client, voice.ask) == (here.project, CLIENT, False)
    wanted = Options("all", allow_delete=3, gone=frozenset({"feat/a", "feat/b"}))
    assert order == ApplyOrder("dev", wanted, returning=True, lock_wait=5.0)


def test_the_branch_of_the_event_is_gone_too(here: Here):
    calls = here.awaits(SYNC, DONE)
    here.project.context = CiContext(gone="feat/c")
    command("sync", "dev", "--gone", "feat/a")
    assert calls[0].given[1].options.gone == {"feat/a", "feat/c"}
    assert calls[0].given[3].ask


def test_how_it_ended_is_the_exit_code_and_the_data(here: Here):
    here.awaits(SYNC, Applied(PLAN, Written(failed=[(PLAN.writes[0], "No.")])))
    result = command("sync", "dev", "--yes", "--json")
    assert result.code == 1
    assert result.json["failed"] == [{"deployment": PLAN.writes[0].deployment, "why": "No."}]
    here.awaits(SYNC, DONE)
    assert command("sync", "dev", "--yes").out.startswith("Applied to ")
