"""Schedules that Prefect refuses, or accepts although they never fire."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.findings import Finding
from flowlift.plan.checks.deployments import check_values
from flowlift.plan.checks.report import Report
from flowlift.plan.checks.schedules import check_schedules
from flowlift.plan.desired import resolve
from flowlift.plan.templates import TemplateValues
from tests.parts.plans import declared, flow, names, policy


def found(*schedules: Any, **entry: Any) -> list[Finding]:
    """What is found in these schedules, while they are read and afterwards."""
    report = Report()
    resolution = resolve(
        declared(schedules=list(schedules), **entry), flow(), TemplateValues(), policy()
    )
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
