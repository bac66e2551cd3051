"""What an apply and its test runs say."""

from __future__ import annotations

import pytest

from flowlift.deployments.applying import Applied
from flowlift.deployments.verifying import RunOutcome
from flowlift.findings import Action
from flowlift.plan.model import Change
from flowlift.render.outcome import (
    applied,
    change_done,
    partly_applied,
    render_runs,
)
from flowlift.workspace.write import Written
from tests.parts import golden
from tests.parts.example_plans import nothing_to_do

UI = "http://127.0.0.1:4200/runs/flow-run/0f3c"
RUNS = (
    RunOutcome("load-orders/hourly", "Completed", 3.21, f"{UI}1"),
    RunOutcome(
        "load-stock/nightly",
        "Failed",
        1.0,
        f"{UI}2",
        "Flow run encountered an exception: ValueError: no warehouse is called 'lyon'",
        ("06:00:01 | INFO  | reading", "06:00:02 | ERROR | \x1b[31mno warehouse\x1b[0m"),
    ),
    RunOutcome("load-prices/daily", "Late", None, f"{UI}3", "No worker polls the pool 'k8s-dev'."),
)


def change(action: Action, deployment: str) -> Change:
    return Change(action=action, deployment=deployment)


PARTIAL = Applied(
    nothing_to_do(),
    Written(
        done=[change(Action.CREATE, f"report/shop-{number}") for number in range(12)],
        failed=[
            (
                change(Action.UPDATE, "load-orders/hourly"),
                "422 Unprocessable Entity: the work pool 'k8s-dev' does not exist\n\x1b[2Jdetail",
            )
        ],
        left=[
            change(Action.CREATE, "load-stock/nightly"),
            change(Action.DELETE, "load-returns/daily"),
        ],
        why="A change before it failed.",
    ),
)


def test_a_change_is_told_as_it_is_done() -> None:
    line = change_done(change(Action.UPDATE, "ingest/daily"), 0.08, colour=False, unicode=True)
    assert line == "✓ updated ingest/daily (0.08 s)"


def test_a_terminal_without_unicode_gets_ascii() -> None:
    done = change_done(change(Action.CREATE, "ingest/daily"), 75, colour=False, unicode=False)
    assert done == "ok created ingest/daily (1 min 15 s)"
    assert render_runs(RUNS, colour=True, width=80, unicode=False).isascii()


def test_the_closing_line_counts_what_was_done() -> None:
    actions = (Action.CREATE, Action.UPDATE, Action.CREATE)
    written = Written(done=[change(action, "a/b") for action in actions])
    assert applied(Applied(nothing_to_do(), written), 1.23) == (
        "Applied to dev in 1.2 s: 2 created, 1 updated, 0 deleted, 50 unchanged."
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("partly_applied", partly_applied(PARTIAL, 3.4, colour=False, width=80)),
        ("runs", render_runs(RUNS, colour=False, width=120, unicode=True)),
        ("runs_narrow", render_runs(RUNS, colour=False, width=60, unicode=True)),
        ("runs_colour", render_runs(RUNS, colour=True, width=120, unicode=True)),
    ],
)
def test_an_outcome_looks_as_it_was_found_good(name: str, text: str) -> None:
    golden.check(text, golden.GOLDEN / f"{name}.txt")


def test_a_partial_apply_says_what_was_done_what_failed_what_is_left_and_how_to_go_on() -> None:
    text = partly_applied(PARTIAL, 3.4, colour=False, width=80)
    assert text.startswith("Stopped after 3.4 s: 12 of 15 changes are written to dev.\n")
    assert "and 7 more" in text
    assert "the work pool 'k8s-dev' does not exist" in text
    assert "delete load-returns/daily" in text
    assert text.count("A change before it failed.") == 1
    assert text.splitlines()[-1].startswith("Run the same command again")
    assert "\x1b" not in text


def test_runs_are_counted_by_how_they_ended() -> None:
    text = render_runs(RUNS, colour=False, width=120, unicode=True)
    assert text.splitlines()[-1] == "3 runs: 1 completed, 1 failed, 1 late."
    assert render_runs([], colour=False, width=120, unicode=True) == "No runs.\n"
    assert [run.well for run in RUNS] == [True, False, False]


def test_a_run_that_went_well_shows_no_log() -> None:
    run = RunOutcome("a/b", "Completed", 1.0, "", "", ("chatter",))
    assert "chatter" not in render_runs([run], colour=False, width=80, unicode=True)
