"""What the steps of a delivery came to, as sections of a comment."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlift.deployments.verifying import RunOutcome
from flowlift.findings import Action, Finding, Level
from flowlift.plan.model import Change
from flowlift.plan.stamps import BRANCH
from flowlift.render.delivery import (
    Part,
    facts_section,
    failure_section,
    findings_section,
    plan_section,
)
from flowlift.workspace.write import Written
from tests.parts.example_plans import changing
from tests.parts.page import html
from tests.parts.texts import ANY

PARTS: tuple[Part, ...] = ("proposed", "planned", "returned", "released")


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


def test_a_plan_that_writes_nothing_says_so_whatever_it_was_made_for() -> None:
    plan = changing([])
    for part in PARTS:
        text = plan_section(plan, part, 20_000)
        assert text.startswith("### dev")
        assert "**No changes. dev holds what feat/a declares (0 deployments).**" in text


def test_what_runs_the_branch_is_named_also_where_its_last_commit_changed_nothing() -> None:
    plan = changing([f"a/{number:02d}" for number in range(32)])
    stamped = [one.model_copy(update={"labels": {BRANCH: "feat/a"}}) for one in plan.changes]
    plan = plan.model_copy(update={"changes": tuple(stamped), "findings": ()})
    text = plan_section(plan, "proposed", 60_000)
    assert "From this branch as before: `a/00`, `a/01`," in text
    assert "`a/29` and 2 more." in text
    written = Written(done=[update("a/00")])
    assert "From this branch: `a/00`," in plan_section(plan, "proposed", 60_000, written=written)
    for part in PARTS[1:]:
        assert "From this branch" not in plan_section(plan, part, 60_000)


def test_what_another_branch_runs_or_what_goes_is_not_from_this_one() -> None:
    plan = changing(["a/b"])
    (change,) = plan.changes
    updates: list[dict[str, Any]] = [
        {"labels": {BRANCH: "feat/other"}},
        {"labels": {}},
        {"action": Action.DELETE, "labels": {BRANCH: "feat/a"}},
    ]
    for update in updates:
        other = plan.model_copy(update={"changes": (change.model_copy(update=update),)})
        assert "From this branch" not in plan_section(other, "proposed", 20_000)


def test_very_many_failures_and_runs_are_counted() -> None:
    failed = [(update(f"a/{number}"), "x" * 5_000) for number in range(12)]
    runs = [RunOutcome(f"a/{number:02d}", "Failed", None, "", "why") for number in range(60)]
    written = Written(failed=failed)
    text = plan_section(changing(["a/b"]), "released", 60_000, written=written, runs=runs)
    assert "**Stopped: 0 of 12 changes written.**" in text
    assert text.count("- could not update") == 10
    assert "- and 2 more failed" in text
    assert text.count("&#10007;") == 50
    assert "and 10 runs more" in text
    assert text.count("`: why") == 10
    assert "x" * 700 not in text


def test_a_run_that_ended_well_has_no_message() -> None:
    runs = [RunOutcome("a/b", "Completed", 1.0, "", "chatter")]
    text = plan_section(changing([]), "proposed", 20_000, written=Written(), runs=runs)
    assert "a/b" in text
    assert "chatter" not in text


def test_findings_alone_have_their_places_and_remedies() -> None:
    findings = [
        Finding("tags", Level.ERROR, "No 'x'.", "Mend\nit.", "prefect.yaml", 3),
        Finding("sla", Level.WARNING, "Doubtful."),
    ]
    assert findings_section("deployments", 1, findings, 20_000, "As @a says.").splitlines() == [
        "### deployments",
        "",
        "**1 deployment in scope, 1 error, 1 warning.** As `@a` says.",
        "",
        "- `prefect.yaml:3`: No `x`. <sub>tags</sub><br>*Remedy:* Mend it.",
        "- Doubtful. <sub>sla</sub>",
    ]
    assert findings_section("x", 0, [], 20_000, "Why.") == (
        "### x\n\n**0 deployments in scope, 0 errors, 0 warnings.** Why."
    )


@given(st.lists(st.text(ANY, max_size=300), max_size=8), st.integers(1_000, 3_000))
def test_no_section_is_longer_than_its_room(texts: list[str], limit: int) -> None:
    findings = [Finding("tags", Level.ERROR, text, text, text, 1) for text in texts]
    assert len(findings_section("x", 1, findings, limit, "Why.").encode()) <= limit
    assert len(facts_section("x", "lead", texts, limit).encode()) <= limit


def test_facts_that_have_no_room_are_told_to_be_more() -> None:
    facts = [f"The image 'flows:{number}' is there." for number in range(99)]
    text = facts_section("image", "Built 'flows:1'.", facts, 1_000)
    assert text.startswith("### image\n\n**Built `flows:1`.**\n\n- The image `flows:0` is there.")
    assert text.endswith("\n- and more")
    assert facts_section("image", "Built.") == "### image\n\n**Built.**"
    assert "more" not in facts_section("image", "Built.", facts[:3])


@pytest.mark.parametrize(
    ("message", "remedy", "where", "text"),
    [
        ("No 'x'.", "", "", "**Failed:** No `x`."),
        ("No.", "Mend\n  it.", "a.yaml:3", "`a.yaml:3`: **Failed:** No.\n\n*Remedy:* Mend it."),
        ("<b>\x1b", "", "", "**Failed:** `<b>\\x1b`"),
    ],
)
def test_a_failure_says_what_the_log_says(message: str, remedy: str, where: str, text: str) -> None:
    assert failure_section("dev", message, remedy, where) == f"### dev\n\n{text}"
