"""The schedules of a manifest's entry, as the environment wants them."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.plan.entry import EntryReader
from flowlift.plan.model import Policy, Schedule
from flowlift.plan.templates import TemplateValues
from flowlift.plan.timetable import declared_schedules, schedules
from tests.parts.plans import declared, policy

CRON = {"cron": "0 6 * * *"}
DEEP = '{"rrule": ' + "[" * 100_000


def read(
    *declared_ones: Any, wish: Policy | None = None, values: TemplateValues | None = None
) -> tuple[tuple[Schedule, ...], frozenset[int], list[str]]:
    """The schedules, the positions that are declared as paused, and what is wrong with others."""
    entry = EntryReader.of(
        declared(schedules=list(declared_ones)), wish or policy(), values or TemplateValues()
    )
    found, pauses = schedules(entry)
    return found, pauses, [problem.message for problem in entry.problems]


def only(raw: Any) -> Schedule:
    (found,), _, problems = read(raw)
    assert not problems
    return found


def trouble(raw: Any) -> str:
    found, _, problems = read(raw)
    assert not found
    (problem,) = problems
    return problem


@pytest.mark.parametrize(
    ("data", "paths"),
    [
        ({}, []),
        ({"schedules": None, "schedule": None}, []),
        ({"schedules": []}, []),
        ({"schedules": {}}, []),
        ({"schedules": [None, {}, CRON]}, [("schedules", 2)]),
        ({"schedule": {}}, []),
        ({"schedule": CRON}, [("schedule",)]),
        ({"schedule": [CRON, None, CRON]}, [("schedule", 0), ("schedule", 2)]),
        ({"schedule": CRON, "schedules": [CRON]}, [("schedules", 0)]),
        ({"schedule": CRON, "schedules": []}, []),
        ({"schedule": CRON, "schedules": None}, [("schedule",)]),
        ({"schedule": "daily"}, [("schedule",)]),
    ],
)
def test_every_way_to_say_none_is_none_and_the_newer_key_counts(
    data: dict[str, Any], paths: list[tuple[str | int, ...]]
) -> None:
    assert [path for path, _ in declared_schedules(data)] == paths


@pytest.mark.parametrize(
    ("wish", "active"),
    [("declared", [True, False, True]), ("on", [True] * 3), ("off", [False] * 3)],
)
def test_schedules_are_on_as_the_policy_says_and_the_manifests_pauses_are_known(
    wish: Any, active: list[bool]
) -> None:
    paused, nothing = {**CRON, "active": "no"}, {**CRON, "active": None}
    found, pauses, problems = read(CRON, paused, nothing, wish=policy(schedules=wish))
    assert [one.active for one in found] == active
    assert pauses == {1}
    assert not problems


def test_a_schedule_that_is_refused_does_not_move_the_pauses_of_others() -> None:
    found, pauses, problems = read("x", {**CRON, "active": False}, {}, CRON)
    assert [one.path for one in found] == [("schedules", 1), ("schedules", 3)]
    assert pauses == {0}
    assert problems == ["a schedule is a mapping, this is 'x'"]


def test_all_that_a_schedule_may_say_is_read() -> None:
    found = only(
        {
            **CRON,
            "timezone": "Europe/Berlin",
            "day_or": False,
            "slug": "daily",
            "parameters": {"größe": 1},
            "max_scheduled_runs": 3,
            "anchor_date": "2026-01-01",
        }
    )
    assert found.timing == {**CRON, "timezone": "Europe/Berlin", "day_or": False}
    assert (found.slug, found.parameters, found.max_scheduled_runs) == ("daily", {"größe": 1}, 3)


@pytest.mark.parametrize("wrong", ["x", ["x"], 5, {"a": 1}])
def test_what_is_no_slug_is_left_to_the_check_of_types(wrong: Any) -> None:
    assert only({**CRON, "slug": wrong}).slug == ("x" if wrong == "x" else None)


@pytest.mark.parametrize("wrong", ["x", ["x"], 5])
def test_what_are_no_parameters_is_left_to_the_check_of_types(wrong: Any) -> None:
    assert only({**CRON, "parameters": wrong}).parameters == {}


def test_what_is_empty_is_not_said() -> None:
    found = only({**CRON, "timezone": "", "slug": "", "parameters": None, "interval": None})
    assert found == Schedule(None, {**CRON, "day_or": True}, active=True)


@pytest.mark.parametrize(
    ("interval", "seconds"),
    [(600, 600), (0.5, 0.5), ("PT1H", 3600), ("01:00:00", 3600)],
)
def test_an_interval_is_read_as_prefect_reads_it(interval: Any, seconds: float) -> None:
    assert only({"interval": interval}).timing == {"interval": seconds, "timezone": "UTC"}


@pytest.mark.parametrize("interval", ["often", "600", [1], {"hours": 1}, float("nan"), 1e300])
def test_what_is_no_interval_is_refused(interval: Any) -> None:
    assert trouble({"interval": interval}).startswith("an interval is a number of seconds, not ")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"timezone": "UTC"}, "this has none of them"),
        ({"cron": "", "interval": None}, "this has none of them"),
        ({**CRON, "rrule": "FREQ=DAILY"}, "this has cron and rrule"),
        ({**CRON, "interval": 1, "rrule": "x"}, "this has cron and interval and rrule"),
    ],
)
def test_a_schedule_has_one_kind_of_times(raw: dict[str, Any], said: str) -> None:
    assert trouble(raw).endswith(said)


@pytest.mark.parametrize(
    ("raw", "timing"),
    [
        (
            {"rrule": '{"rrule": "FREQ=DAILY", "timezone": "Asia/Tokyo"}'},
            {"rrule": "FREQ=DAILY", "timezone": "Asia/Tokyo"},
        ),
        (
            {"rrule": ' {"rrule": "FREQ=DAILY", "timezone": "Asia/Tokyo"}', "timezone": "UTC"},
            {"rrule": "FREQ=DAILY", "timezone": "UTC"},
        ),
        ({"rrule": '{"timezone": ""}'}, {"rrule": '{"timezone": ""}', "timezone": "UTC"}),
        ({"rrule": "{FREQ"}, {"rrule": "{FREQ", "timezone": "UTC"}),
        ({"rrule": 5}, {"rrule": 5, "timezone": "UTC"}),
        ({"rrule": DEEP}, {"rrule": DEEP, "timezone": "UTC"}),
    ],
)
def test_a_rule_may_stand_with_its_time_zone_in_one_text(
    raw: dict[str, Any], timing: dict[str, Any]
) -> None:
    assert only(raw).timing == timing


def test_a_state_that_is_no_yes_or_no_is_told_and_taken_for_a_pause() -> None:
    found, pauses, problems = read({**CRON, "active": "perhaps"})
    assert [one.active for one in found] == [False]
    assert pauses == {0}
    assert problems == ["active is true or false, not 'perhaps'"]


def test_what_a_build_will_tell_is_taken_for_on_and_waited_for() -> None:
    raw = {"cron": "{{ build.cron }}", "active": "{{ build.active }}"}
    found, pauses, problems = read(raw, values=TemplateValues(pending=frozenset({"build"})))
    assert found[0].active
    assert not pauses
    assert not problems
    assert found[0].timing["cron"] == "(known after build)"


def test_templates_are_resolved_in_each_part() -> None:
    values = TemplateValues(environ={"CRON": "5 * * * *"}, variables={"rows": 7})
    raw = {"cron": "{{ $CRON }}", "parameters": {"rows": "{{ prefect.variables.rows }}"}}
    (found,), _, _ = read(raw, values=values)
    assert (found.timing["cron"], found.parameters) == ("5 * * * *", {"rows": 7})
