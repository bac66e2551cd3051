"""The schedules of a manifest's entry, as the environment wants them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

from pydantic import TypeAdapter, ValidationError

from flowlift.findings import Json
from flowlift.plan.entry import EntryReader
from flowlift.plan.fields import KnownAfterBuild
from flowlift.plan.model import Schedule
from flowlift.plan.templates import Path
from flowlift.plan.timing import canonical_timing

_BOOL = TypeAdapter(bool)
_INTERVAL = TypeAdapter(timedelta)


def declared_schedules(data: Mapping[str, Json]) -> list[tuple[Path, Json]]:
    """The schedules of an entry with their paths, from `schedules` or the older `schedule`.

    Absent, null, `{}`, `[]` and a key without a value all mean none, as they do to Prefect.
    """
    plural = data.get("schedules")
    if isinstance(plural, list):
        return [(("schedules", index), item) for index, item in enumerate(plural) if item]
    single = data.get("schedule")
    if isinstance(single, list):
        return [(("schedule", index), item) for index, item in enumerate(single) if item]
    return [(("schedule",), single)] if single else []


def schedules(entry: EntryReader) -> tuple[tuple[Schedule, ...], frozenset[int]]:
    """The schedules that an entry's environment wants.

    With them the positions of those that the manifest itself declares as not active. A slug or
    parameters of another type are left out: the check of types tells.
    """
    found: list[Schedule] = []
    pauses: set[int] = set()
    for path, raw in declared_schedules(entry.data):
        item = entry.resolver.entry(raw, path)
        if not isinstance(item, Mapping):
            entry.problem("schedule", f"a schedule is a mapping, this is {item!r}", *path)
            continue
        timing = _timing(entry, item, path)
        if timing is None:
            continue
        slug, parameters = item.get("slug"), item.get("parameters")
        active = _active(entry, item.get("active"), path)
        if not active:
            pauses.add(len(found))
        found.append(
            Schedule(
                slug=slug if slug and isinstance(slug, str) else None,
                timing=timing,
                active={"off": False, "on": True, "declared": active}[entry.policy.schedules],
                parameters=parameters if isinstance(parameters, Mapping) else {},
                max_scheduled_runs=item.get("max_scheduled_runs"),
                path=path,
            )
        )
    return tuple(found), frozenset(pauses)


def _active(entry: EntryReader, value: Json, path: Path) -> bool:
    if value is None or isinstance(value, KnownAfterBuild):
        return True
    try:
        return _BOOL.validate_python(value)
    except ValidationError:
        message = f"active is true or false, not {value!r}"
        entry.problem("schedule", message, *path, "active")
        return False


def _timing(entry: EntryReader, item: Mapping[str, Json], path: Path) -> dict[str, Json] | None:
    kinds = [kind for kind in ("cron", "interval", "rrule") if item.get(kind) not in (None, "")]
    if len(kinds) != 1:
        said = " and ".join(kinds) or "none of them"
        message = f"a schedule has one of cron, interval and rrule; this has {said}"
        entry.problem("schedule", message, *path)
        return None
    kind = kinds[0]
    extra = {"cron": ("day_or",), "interval": ("anchor_date",), "rrule": ()}[kind]
    timing = {
        key: item[key] for key in (kind, "timezone", *extra) if item.get(key) not in (None, "")
    }
    if kind == "interval":
        try:
            timing["interval"] = _INTERVAL.validate_python(timing["interval"]).total_seconds()
        except ValidationError:
            message = f"an interval is a number of seconds, not {timing['interval']!r}"
            entry.problem("schedule", message, *path, "interval")
            return None
    if kind == "rrule":
        timing = _with_rule(timing)
    return canonical_timing(timing)


def _with_rule(timing: dict[str, Json]) -> dict[str, Json]:
    """A rule may stand with its time zone in one JSON text; the schedule's own zone goes before."""
    text = timing["rrule"]
    if not isinstance(text, str) or not text.lstrip().startswith("{"):
        return timing
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return timing
    known = {key: said[key] for key in ("rrule", "timezone") if said.get(key)}
    return {"rrule": text, **known, **{k: v for k, v in timing.items() if k != "rrule"}}
