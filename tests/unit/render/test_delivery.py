"""What the steps of a delivery came to, as sections of a comment."""

from __future__ import annotations

from flowlift.deployments.verifying import RunOutcome
from flowlift.findings import Action, Finding, Level
from flowlift.plan.model import Change
from flowlift.render.delivery import findings_section, plan_section
from flowlift.workspace.write import Written
from tests.parts.example_plans import changing
from tests.parts.page import html


def update(name: str) -> Change:
    return Change(action=Action.UPDATE, deployment=name)


def test_what_was_done_stands_first() -> None:
    done = Written(done=[update("a/b")])
    text = plan_section(changing(["a/b"]), "proposed", 20_000, written=done)
    assert "**Runs `feat/a` now:** 0 created, 1 updated, 0 deleted, 0 unchanged." in text
    assert "**After the merge:**" in plan_section(changing(["a/b"]), "planned", 20_000)
    assert "**Back on `feat/a`:**" in plan_section(
        changing(["a/b"]), "returned", 9_000, written=done
    )


def test_a_delivery_that_stopped_says_what_is_undone() -> None:
    text = plan_section(
        changing(["a/b", "a/c", "a/d"]),
        "released",
        20_000,
        written=Written(
            done=[update("a/b")],
            failed=[(update("a/c"), "no such @pool")],
            left=[update("a/d")],
        ),
    )
    assert "**Stopped: 1 of 3 changes written.**" in text
    assert "could not update `a/c`" in text
    assert "1 change not begun" in text
    assert "<p>no such @pool" not in html(text)


def test_failed_runs_stand_first() -> None:
    runs = [
        RunOutcome("a/good", "Completed", 1.0),
        RunOutcome("a/bad", "Failed", 2.0, message="ValueError: </details>"),
    ]
    text = plan_section(changing(["a/b"]), "proposed", 20_000, written=Written(), runs=runs)
    assert text.index("a/bad") < text.index("a/good")
    assert "</details><" not in html(text)


def test_findings_alone_are_cut_with_a_count() -> None:
    findings = [
        Finding(check="schedule", level=Level.ERROR, message=f"wrong {n}", remedy="mend it")
        for n in range(500)
    ]
    text = findings_section("deployments", 500, findings, 5_000, "As a fork gets no secrets.")
    assert len(text.encode()) <= 5_000
    assert "500 errors" in text
    assert "findings more" in text
