"""One value in words: JSON as a person reads it, and a schedule as a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeGuard

from flowlift.findings import Json
from flowlift.plan.fields import KnownAfterBuild
from flowlift.plan.json_diff import ABSENT
from flowlift.plan.mask import HIDDEN
from flowlift.render.visible import visible

MARKERS = frozenset({ABSENT, HIDDEN, KnownAfterBuild()})
"""What a plan says instead of a value: shown without quotes, as it is no text of the user's."""

_PLAIN_KEY = re.compile(r"[\w-]+")
_PLAIN = re.compile(r"[\w.:/@=+-]+")
_TIMINGS = ("cron", "interval", "rrule")
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def is_list(value: Json) -> TypeGuard[Sequence[Json]]:
    """Whether `value` is a JSON array."""
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def in_words(value: Json) -> str:
    """A value on one line: JSON, but with nothing in it that does not print."""
    if isinstance(value, str):
        return str(value) if value in MARKERS else _quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_quoted(str(k))}: {in_words(v)}" for k, v in value.items()) + "}"
    if is_list(value):
        return "[" + ", ".join(in_words(item) for item in value) + "]"
    return visible(str(value))


def _quoted(text: str) -> str:
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{visible(text)}"'


def below(path: str, key: str) -> str:
    """The path of what stands at `key` below `path`."""
    if _PLAIN_KEY.fullmatch(key):
        return f"{path}.{key}" if path else key
    return f"{path}[{_quoted(key)}]"


def bare(value: Json) -> str:
    """A tag or a timezone: quoted only where its end could not be told otherwise."""
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    return in_words(value)


def is_schedule(value: Json) -> TypeGuard[Mapping[str, Json]]:
    """Whether `value` is a schedule as a plan shows it (`plan.diff.describe`)."""
    return isinstance(value, Mapping) and any(kind in value for kind in _TIMINGS)


def schedule_times(schedule: Mapping[str, Json]) -> str:
    """When a schedule starts runs: `cron "0 6 * * *" Europe/Berlin`, `every 15 minutes UTC`."""
    if "cron" in schedule:
        words = f"cron {in_words(schedule['cron'])}"
    elif "interval" in schedule:
        words = interval_in_words(schedule["interval"])
    else:
        words = f"rrule {in_words(schedule.get('rrule'))}"
    words += " " + bare(schedule.get("timezone") or "UTC")
    if anchor := schedule.get("anchor_date"):
        words += f" from {bare(anchor)}"
    if schedule.get("day_or") is False:
        words += ", day of month and of week together"
    return words


def interval_in_words(seconds: Json) -> str:
    """`every 1 hour 30 minutes`; as it stands where it is no number of seconds."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds < 1:
        return f"every {in_words(seconds)} seconds"
    parts: list[str] = []
    rest = seconds
    for unit, size in _UNITS:
        count = rest if unit == "second" else rest // size
        rest -= count * size
        if count:
            parts.append(f"{count:g} {unit}{'' if count == 1 else 's'}")
    return "every " + " ".join(parts)


def on_or_off(active: Json) -> str:
    """A schedule's state as Prefect's own screens call it."""
    return "off" if active is False else "on"
