"""A plan in the terminal."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlift.findings import Action
from flowlift.plan.diff import compare, create
from flowlift.plan.model import Change, Plan, Reason
from flowlift.render.visible import cells
from tests.parts import example_plans as examples
from tests.parts import golden
from tests.parts.growth import growth
from tests.parts.plans import declared, desired, live_after, policy, provenance
from tests.parts.terminal import lines, shown, update
from tests.parts.texts import ANY

COLOUR = re.compile(r"\x1b\[[0-9]+m")


@pytest.mark.parametrize(
    ("name", "plan", "options"),
    [
        ("pull_request", examples.pull_request(), {}),
        ("pull_request_narrow", examples.pull_request(), {"width": 60}),
        ("pull_request_colour", examples.pull_request(), {"colour": True}),
        ("errors", examples.broken(), {}),
        ("merge", examples.merge(), {"width": 120}),
        ("same_change", examples.same_change(12), {}),
        ("nothing_to_do", examples.nothing_to_do(), {}),
    ],
)
def test_a_plan_looks_as_it_was_found_good(name: str, plan: Plan, options: dict[str, Any]) -> None:
    golden.check(shown(plan, **options), golden.GOLDEN / f"{name}.txt")


def test_a_long_value_is_cut_where_it_differs() -> None:
    before, after = "https://host/" + "a" * 200 + "1", "https://host/" + "a" * 200 + "2"
    first, *values = lines(("parameters.url", before, after), width=80)
    assert first == "~ parameters.url:"
    assert values == [
        '    - "...aaaaaaaaaa1" (+203 characters)',
        '    + "...aaaaaaaaaa2" (+203 characters)',
    ]


def test_a_change_with_very_many_fields_is_cut_with_a_count() -> None:
    many = {str(number): number for number in range(100)}
    assert lines(("parameters", {}, many))[-1] == "(+60 more lines)"


def test_deletions_stand_last_of_the_changes_and_errors_last_of_the_findings() -> None:
    text = shown(examples.broken())
    order = ["+ create", "~ update", "- delete", "= keep", "warning:", "error:", "Plan:"]
    assert sorted(order, key=text.index) == order
    assert text.rindex("warning:") < text.index("error:")
    assert "2 errors, 6 warnings: nothing is written" in text.splitlines()[-1]


def test_the_summary_says_what_is_out_of_scope_or_that_there_is_nothing_to_do() -> None:
    plan = examples.nothing_to_do()
    cases: dict[str, dict[str, Any]] = {
        "No changes. dev holds what main declares (50 deployments).": {},
        "No changes. dev holds what main declares (1 deployment in scope, 9 out of it).": {
            "changes": plan.changes[:1],
            "out_of_scope": 9,
        },
        "No changes. None of 9 deployments is in scope.": {"changes": (), "out_of_scope": 9},
        "Plan: 0 to create, 0 to update, 0 to delete, 50 unchanged.": {"findings": examples.ERRORS},
    }
    for sentence, changes in cases.items():
        assert sentence in shown(plan.model_copy(update=changes))


def test_the_workspace_address_never_shows_a_login() -> None:
    plan = examples.merge().model_copy(update={"workspace": "https://me:secret@host/api"})
    text = shown(plan)
    assert "secret" not in text
    assert "https://host/api" in text


def test_changes_that_are_alike_are_told_once_with_every_name() -> None:
    text = shown(examples.same_change(300))
    assert text.count("~ update") == 300
    assert text.count("~ tags: +feat/hourly-orders") == 1
    assert "all 300 because source: src/shop/report.py" in text


@pytest.mark.parametrize("text", examples.HOSTILE)
def test_nothing_in_a_name_reaches_the_terminal_as_a_command(text: str) -> None:
    plan = examples.hostile(text)
    plain = shown(plan)
    assert all(character == "\n" or character.isprintable() for character in plain)
    coloured = shown(plan, colour=True)
    assert COLOUR.sub("", coloured) == plain
    plain.encode()


@given(st.text(ANY), st.text(ANY))
def test_any_value_is_shown_harmlessly(before: str, after: str) -> None:
    text = shown(update(("parameters.x", before, after), ("tags", [before], [after])))
    assert all(character == "\n" or character.isprintable() for character in text)


@pytest.mark.parametrize("width", [80, 100, 120])
def test_only_names_and_commands_are_ever_wider_than_the_terminal(width: int) -> None:
    long = ("parameters." + "deep." * 30 + "url", "x" * 300, "y" * 300)
    text = shown(examples.broken(), width) + shown(update(long, (*long[:2], None)), width)
    wide = [line for line in text.splitlines() if cells(line) > width]
    assert all(re.match(r"[+~=-] \w+ |error: |warning: |Plan: ", line) for line in wide), wide


def test_no_colour_means_no_escape_at_all() -> None:
    assert "\x1b" not in shown(examples.broken())
    assert "\x1b[31m" in shown(examples.broken(), colour=True)


def test_reasons_stand_below_each_other() -> None:
    change = Change(
        action=Action.DELETE,
        deployment="a/b",
        reasons=(Reason(kind="branch gone", detail="feat/x"), Reason(kind="removed")),
    )
    plan = examples.merge().model_copy(update={"changes": (change,)})
    assert "    because branch gone: feat/x\n        and removed\n" in shown(plan)


def test_very_many_changes_are_drawn_in_a_time_that_grows_no_faster() -> None:
    few, many = examples.large(100), examples.large(400)
    assert shown(many, colour=True, width=120).count("update") >= 320
    assert (
        growth(
            lambda: shown(few, colour=True, width=120), lambda: shown(many, colour=True, width=120)
        )
        < 8
    )


def test_what_the_comparison_writes_is_shown_in_full() -> None:
    """The shapes of `plan.diff` itself, from a first apply to a change that meets a pause."""
    daily = {"cron": "0 6 * * *", "timezone": "Europe/Berlin", "slug": "daily"}
    first = desired(declared(parameters={"rows": 10}, schedules=[daily], tags=["a"]))
    created = create(first, provenance(), "0.1.0")
    assert shown(plan_of(created)).split("\n\n")[1].splitlines() == [
        "+ create ingest/daily  prefect.yaml:10",
        "    because new",
        '    + entrypoint: "src/flows/ingest.py:ingest"',
        '    + description: "Loads rows."',
        "    + tags: a",
        "    + parameters.rows: 10",
        '    + pull_steps[0].git_clone.repository: "https://github.com/acme/platform.git"',
        '    + pull_steps[0].git_clone.branch: "main"',
        '    + work_pool_name: "pool"',
        '    + schedules.daily: cron "0 6 * * *" Europe/Berlin, on',
    ]
    live = live_after(created)
    paused = replace(live, schedules=(replace(live.schedules[0], active=False),))
    later = {**daily, "cron": "0 7 * * *"}
    second = desired(declared(parameters={"rows": 20}, schedules=[later], tags=["b"]))
    updated = compare(second, paused, policy(), provenance(), "0.1.0")
    assert shown(plan_of(updated)).split("\n\n")[1].splitlines() == [
        "~ update ingest/daily  prefect.yaml:10",
        "    because manifest",
        "    ~ tags: +b -a",
        "    ~ parameters.rows: 10 -> 20",
        '    ~ schedules.daily: cron "0 6 * * *" -> "0 7 * * *"',
        "    = schedules.daily stays paused: paused by hand since the last apply",
    ]


def plan_of(change: Change) -> Plan:
    return examples.merge().model_copy(update={"changes": (change,)})
