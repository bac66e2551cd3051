"""Schedules that Prefect refuses, or accepts although they never fire."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flowlift.findings import Finding
from flowlift.plan.checks.deployments import check_values
from flowlift.plan.checks.report import Report
from flowlift.plan.checks.schedules import check_schedules
from flowlift.plan.desired import resolve
from flowlift.plan.templates import TemplateValues
from tests.parts.plans import declared, desired, flow, names, policy


def found(*schedules: Any, build: Any = ()) -> list[Finding]:
    """What is found in these schedules, while they are read and afterwards."""
    report = Report()
    item = replace(declared(schedules=list(schedules)), build=build)
    resolution = resolve(item, flow(), TemplateValues(), policy())
    check_values(resolution, report)
    check_schedules(resolution.desired, report)
    return report.findings


@pytest.mark.parametrize(
    ("schedule", "check"),
    [
        ({"cron": "every day"}, "schedule"),
        ({"cron": "R R * * *"}, "schedule"),
        ({"cron": "0 0 30 2 *"}, "never-fires"),
        ({"cron": "0 0 * * *", "timezone": "Europe/Berlinn"}, "timezone"),
        ({"interval": 0}, "schedule"),
        ({"interval": "often"}, "schedule"),
        ({"rrule": "FREQ=OFTEN"}, "schedule"),
        ({"rrule": "FREQ=DAILY;UNTIL=20300101T000000Z"}, "schedule"),
        ({"rrule": "DTSTART:20240101T060000\nRRULE:FREQ=DAILY;UNTIL=20300101T000000Z"}, "schedule"),
        ({"rrule": "DTSTART:20240101T060000Z\nRRULE:FREQ=DAILY;UNTIL=20300101T000000"}, "schedule"),
        ({"rrule": "FREQ=DAILY;COUNT=10"}, "rrule-count"),
        ({"timezone": "UTC"}, "schedule"),
        ({"cron": "0 0 * * *", "interval": 5}, "schedule"),
        ({"cron": "0 0 * * *", "active": "perhaps"}, "schedule"),
    ],
)
def test_a_schedule_that_would_not_work_is_refused(schedule: dict[str, Any], check: str) -> None:
    assert names(found(schedule)) == [check]


@pytest.mark.parametrize(
    "schedule",
    [
        {"cron": "0 6 * * 1-5", "timezone": "America/New_York", "day_or": False},
        {"cron": "@daily"},
        {"cron": "0 0 29 2 *"},
        {"interval": 0.5},
        {"interval": "PT1H"},
        {"interval": 600, "anchor_date": "2026-01-01T00:00:00"},
        {"rrule": "FREQ=DAILY;BYHOUR=6"},
        {"rrule": "FREQ=DAILY;UNTIL=20300101T000000"},
        {"rrule": "DTSTART:20300101T060000\nRRULE:FREQ=DAILY;COUNT=10"},
        {"rrule": "DTSTART:20240101T060000Z\nRRULE:FREQ=DAILY;UNTIL=20300101T000000Z"},
        {"rrule": "DTSTART;TZID=Asia/Tokyo:20240101T060000\nRRULE:FREQ=DAILY"},
        {"rrule": '{"rrule": "FREQ=DAILY", "timezone": "UTC"}'},
    ],
)
def test_a_sound_schedule_has_no_findings(schedule: dict[str, Any]) -> None:
    assert found(schedule) == []


def test_one_slug_twice_is_refused() -> None:
    twice = [{"cron": "0 1 * * *", "slug": "a"}, {"cron": "0 2 * * *", "slug": "a"}]
    assert names(found(*twice)) == ["schedule"]


def test_two_slugs_are_compared_letter_by_letter_and_no_slug_is_none() -> None:
    times = [{"cron": f"0 {hour} * * *"} for hour in range(4)]
    apart = [times[0], times[1], {**times[2], "slug": "a"}, {**times[3], "slug": "A"}]
    assert found(*apart) == []


def test_a_sixth_field_is_the_second_and_is_told() -> None:
    (finding,) = found({"cron": "0 6 * * * 30"})
    assert (finding.check, finding.level.value) == ("cron-seconds", "warning")


def test_a_day_of_both_may_be_one_that_never_comes() -> None:
    both = {"cron": "0 0 31 2 1"}
    assert found({**both, "day_or": True}) == []
    assert names(found({**both, "day_or": False})) == ["never-fires"]


@pytest.mark.parametrize("zone", ["../../etc/passwd", "a\0b", "x" * 300, "größe", 5])
def test_a_hostile_time_zone_is_none(zone: Any) -> None:
    (finding,) = found({"cron": "0 6 * * *", "timezone": zone})
    assert finding.check == "timezone"
    assert finding.message.isprintable()


@pytest.mark.parametrize("cron", ["\n", "* * * *", "60 * * * *", "\x1b[2J * * * *", [1], {"a": 1}])
def test_what_is_no_cron_expression_is_shown_harmlessly(cron: Any) -> None:
    (finding,) = found({"cron": cron})
    assert finding.check == "schedule"
    assert finding.message.isprintable()


def test_what_a_build_will_tell_is_not_looked_at() -> None:
    raw = {"cron": "{{ build.cron }}", "timezone": "{{ build.zone }}"}
    assert found(raw, build=[{"acme.build": {"id": "build"}}]) == []


def test_a_finding_stands_at_the_key_that_it_is_about() -> None:
    lines: dict[tuple[str | int, ...], int] = {
        ("schedules", 1): 20,
        ("schedules", 1, "timezone"): 22,
    }
    entry = declared(schedules=[{"cron": "@daily"}, {"cron": "x", "timezone": "y"}])
    report = Report()
    check_schedules(desired(replace(entry, lines=lines)), report)
    assert [(finding.check, finding.line) for finding in report.findings] == [
        ("timezone", 22),
        ("schedule", 20),
    ]
