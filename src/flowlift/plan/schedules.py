"""Schedules: how those of a manifest are told apart, and matched with what is live.

Prefect keeps a schedule's pause through an update only where the schedule has a slug that stays
the same. A manifest seldom gives one, so a schedule without a slug takes that of the live schedule
that it is: first the one with the same content (of several, the one that was last applied as it is
wanted, on or off), then the next of those that flowlift named itself.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from flowlift.plan.fields import schedule_content
from flowlift.plan.model import Schedule

OWN_SLUG = re.compile(r"schedule-\d+")

Pair = tuple[Schedule, "Schedule | None"]
"""A desired schedule that has a slug, and the live one that it is, if any."""


def pair(
    desired: Sequence[Schedule],
    live: Sequence[Schedule],
    applied: Mapping[str, str] = MappingProxyType({}),
) -> list[Pair]:
    """Match desired schedules with live ones, in the order of the desired ones.

    `applied` is what was last applied, as the stamp says it.

    An interval without a declared anchor keeps the live one: Prefect anchors it at the moment of
    each deploy, which would move all its runs.
    """
    matches: dict[int, Schedule] = {}
    free = sorted(live, key=_number)

    def same(schedule: Schedule, candidate: Schedule) -> bool:
        # Not by whether it is on now: a person may have switched it since.
        last = applied.get(f"schedules.{candidate.slug}.active", str(int(candidate.active)))
        return last == str(int(schedule.active)) and _same_content(schedule, candidate)

    for is_it in (_same_slug, same, _same_content, _next_own):
        for position, schedule in enumerate(desired):
            if position in matches:
                continue
            found = next((s for s in free if is_it(schedule, s)), None)
            if found is not None:
                matches[position] = found
                free.remove(found)
    return [
        (_anchored(replace(schedule, slug=slug), matches.get(position)), matches.get(position))
        for position, (schedule, slug) in enumerate(_slugs(desired, matches))
    ]


def _slugs(
    desired: Sequence[Schedule], matches: Mapping[int, Schedule]
) -> Iterator[tuple[Schedule, str]]:
    """Each schedule's slug: its own, that of the live one that it is, or the next free one."""
    taken = {s.slug for s in (*desired, *matches.values()) if s.slug}
    numbers = itertools.count(1)
    for position, schedule in enumerate(desired):
        found = matches.get(position)
        slug = schedule.slug or (found.slug if found else None)
        while slug is None:
            candidate = f"schedule-{next(numbers)}"
            slug = None if candidate in taken else candidate
        yield schedule, slug


def _number(schedule: Schedule) -> tuple[int, str]:
    """Flowlift's own slugs in the order of the manifest; the server gives the newest first."""
    slug = schedule.slug or ""
    own = OWN_SLUG.fullmatch(slug)
    return (int(slug.rpartition("-")[2]) if own else 0, slug)


def _same_slug(schedule: Schedule, candidate: Schedule) -> bool:
    return schedule.slug is not None and schedule.slug == candidate.slug


def _next_own(schedule: Schedule, candidate: Schedule) -> bool:
    """A schedule without a slug is the next one that flowlift named, if its times changed."""
    return schedule.slug is None and bool(candidate.slug and OWN_SLUG.fullmatch(candidate.slug))


def _same_content(schedule: Schedule, candidate: Schedule) -> bool:
    """The same times; one that was given a slug takes over only one without, or flowlift's."""
    if schedule.slug and candidate.slug and not OWN_SLUG.fullmatch(candidate.slug):
        return False
    anchored = "anchor_date" in schedule.timing
    return bool(
        schedule_content(schedule, anchored=anchored)
        == schedule_content(candidate, anchored=anchored)
    )


def _anchored(schedule: Schedule, live: Schedule | None) -> Schedule:
    if live is None or "interval" not in schedule.timing or "anchor_date" in schedule.timing:
        return schedule
    anchor = live.timing.get("anchor_date")
    if anchor is None:
        return schedule
    return replace(schedule, timing={**schedule.timing, "anchor_date": anchor})
