"""Schedules that Prefect refuses, or accepts although they never fire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flowlift.findings import Json
from flowlift.plan.checks.report import Report
from flowlift.plan.fields import KnownAfterBuild
from flowlift.plan.model import Desired, Schedule

FIELDS = 5
"""How many fields a cron expression has that goes by the minute."""

REFERENCE = datetime(2020, 1, 1, tzinfo=timezone.utc)
"""From when "never fires" is asked: fixed, so that a plan does not depend on the clock."""


def check_schedules(desired: Desired, report: Report) -> None:
    """Look at every schedule of a deployment."""
    declared = desired.declared
    slugs: set[str] = set()
    for schedule in desired.schedules:

        def add(
            check: str, message: str, remedy: str, key: str, schedule: Schedule = schedule
        ) -> None:
            report.add(
                check,
                message,
                remedy=remedy,
                at=declared.position(*schedule.path, key),
                declared=declared,
                deployment=desired.key,
            )

        _check_timing(schedule.timing, add)
        if schedule.slug and schedule.slug in slugs:
            add(
                "schedule",
                f"Two schedules have the slug {schedule.slug!r}.",
                "Give each its own slug.",
                "slug",
            )
        if schedule.slug:
            slugs.add(schedule.slug)


Add = Callable[[str, str, str, str], None]


def _check_timing(timing: Mapping[str, Json], add: Add) -> None:
    if any(isinstance(value, KnownAfterBuild) for value in timing.values()):
        return
    zone = timing.get("timezone")
    if zone is not None and not _is_zone(str(zone)):
        add(
            "timezone",
            f"{zone!r} is no time zone.",
            "Write a name of the IANA list, such as Europe/Berlin.",
            "timezone",
        )
    if "cron" in timing:
        trouble = _cron_trouble(str(timing["cron"]), bool(timing.get("day_or", True)))
        if trouble:
            add(*trouble, "cron")
        elif len(str(timing["cron"]).split()) > FIELDS:
            add(
                "cron-seconds",
                f"{timing['cron']!r} has a sixth field, the second, and may fire each second.",
                "Write five fields: minute, hour, day, month, weekday.",
                "cron",
            )
    elif "interval" in timing:
        if float(timing["interval"]) <= 0:
            add(
                "schedule",
                f"An interval of {timing['interval']} seconds.",
                "Write a number of seconds above 0.",
                "interval",
            )
    elif "rrule" in timing:
        rule = str(timing["rrule"])
        if refused := _rrule_trouble(rule):
            add("schedule", *refused, "rrule")
        elif "COUNT=" in rule.upper() and "DTSTART" not in rule.upper():
            add(
                "rrule-count",
                f"{rule!r} has a COUNT and no start: Prefect counts from 1 January 2020, so that"
                " all its times may have passed.",
                "Begin it: DTSTART:20270101T060000, a line break, and RRULE: before the rule.",
                "rrule",
            )


@cache
def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@lru_cache(maxsize=4096)
def _cron_trouble(cron: str, day_or: bool) -> tuple[str, str, str] | None:
    """(check, message, remedy) of a cron expression that is refused or never fires."""
    from croniter import croniter
    from croniter.croniter import CroniterBadDateError

    if not croniter.is_valid(cron):
        return (
            "schedule",
            f"{cron!r} is no cron expression.",
            "Write five fields: minute, hour, day, month, weekday.",
        )
    if any(part.casefold() in {"r", "h"} for part in cron.split()):
        return (
            "schedule",
            f"{cron!r} has a random or hashed field, which Prefect refuses.",
            "Write a fixed value.",
        )
    try:
        croniter(cron, REFERENCE, day_or=day_or).get_next(datetime)
    except CroniterBadDateError:
        return (
            "never-fires",
            f"{cron!r} never fires: there is no such day.",
            "Correct day and month.",
        )
    return None


@lru_cache(maxsize=4096)
def _rrule_trouble(rule: str) -> tuple[str, str] | None:
    """(message, remedy) of a rule that Prefect's API refuses, or that its scheduler fails at."""
    from dateutil.rrule import rrulestr

    start = REFERENCE.replace(tzinfo=None)
    try:
        rrulestr(rule, dtstart=start, ignoretz=True)
    except (ValueError, TypeError, AttributeError) as error:
        return f"{rule!r} is no recurrence rule: {error}.", "Write an RFC 5545 rule: FREQ=DAILY."
    try:
        # The API reads a rule as it is; the scheduler then gives it a start without a zone.
        rrulestr(rule)
    except (ValueError, TypeError) as error:
        message = f"Prefect refuses {rule!r}: {error}."
        return message, "Write both DTSTART and UNTIL with a Z at their end, or both without."
    try:
        rrulestr(rule, dtstart=start)
    except (ValueError, TypeError):
        return (
            f"Prefect registers {rule!r}, and its scheduler then fails: UNTIL has a zone, and there"
            " is no DTSTART that has one.",
            "Write UNTIL without the Z (it is read in the schedule's time zone), or add a DTSTART.",
        )
    return None
