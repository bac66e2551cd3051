"""`flowlift verify`: what it hands on, and how it ends."""

from __future__ import annotations

from pathlib import Path

from flowlift.deployments.verifying import RunOutcome
from flowlift.errors import InputError
from tests.parts.commands import CLIENT, Here, command

WELL = RunOutcome("ingest/hourly", "Completed", 2.0, "https://ui/run")
FAILED = RunOutcome("report/weekly", "Failed", 1.0, "", "It broke.", ("ERROR    no",))
VERIFY = "flowlift.deployments.verifying.verify"


def test_what_was_asked_is_handed_on(here: Here):
    calls = here.awaits(VERIFY, [WELL])
    assert command("verify", "dev", "--branch", "feat/a", "-n", "a", "-n", "b/*").code == 0
    assert here.opened == [(Path(), "feat/a", None)]
    assert here.asked == ["dev"]
    assert calls[0].given[:4] == (here.project, "dev", ("a", "b/*"), CLIENT)


def test_one_run_that_fails_is_a_failure(here: Here):
    here.awaits(VERIFY, [WELL, FAILED])
    result = command("verify", "dev")
    assert result.code == 1
    assert "ingest/hourly" in result.out
    assert "It broke." in result.out


def test_as_json_each_run_has_all_that_is_known_of_it(here: Here):
    here.awaits(VERIFY, [WELL, FAILED])
    result = command("verify", "dev", "--json")
    assert result.code == 1
    assert result.json == [
        {
            "deployment": "ingest/hourly",
            "state": "Completed",
            "seconds": 2.0,
            "url": "https://ui/run",
            "message": "",
            "log_lines": [],
        },
        {
            "deployment": "report/weekly",
            "state": "Failed",
            "seconds": 1.0,
            "url": "",
            "message": "It broke.",
            "log_lines": ["ERROR    no"],
        },
    ]


def test_where_there_is_nothing_to_run_the_input_is_wrong(here: Here):
    here.awaits(VERIFY, InputError("dev has nothing of branch 'feat/a'."))
    result = command("verify", "dev")
    assert result.code == 2
    assert "dev has nothing" in result.err
