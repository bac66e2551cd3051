"""When a schedule fires, in the form in which equal schedules compare equal.

A server gives a schedule back in other words than it was told. Measured on Prefect 3.4.0 and
3.8.8, which differ only for rules:

- cron: `day_or` true and `timezone` null are filled in; the expression stays as written.
- interval: seconds become a float, `timezone` becomes "UTC", a date without an offset is taken as
  UTC, and without `anchor_date` the moment of the write becomes one.
- rrule: `timezone` becomes "UTC". 3.8.8 also puts a DTSTART before a rule that has none:
  1 January 2020, or for rules by the minute or second that never end, the last time on that
  beat before the write (PrefectHQ/prefect#21362).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from flowlift.findings import Json

DEFAULT_ZONE = "UTC"

_ORIGIN = datetime(2020, 1, 1)
"""Where a rule without DTSTART begins, in the schedule's own zone."""
_DELAY = timedelta(minutes=2)
"""How long before a schedule's row is written the server may have chosen its DTSTART."""

_DTSTART = re.compile(r"\ADTSTART:(\d{8}T\d{6})\n")
_BEATS = {"SECONDLY": 1, "MINUTELY": 60}
_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def canonical_timing(
    timing: Mapping[str, Json], *, written: datetime | None = None
) -> dict[str, Json]:
    """A schedule's timing in one form, whether a manifest or a server says it.

    Without nulls and with the server's defaults: `day_or` of a cron, `timezone` of an interval or
    rule, whole seconds as a whole number, anchors as UTC. A rule loses a DTSTART that a server
    put before it, for which `written` says when the server wrote the schedule. What cannot be
    understood is given back as it is. An interval keeps having no anchor: only a write has one.
    """
    known = {key: value for key, value in timing.items() if value is not None}
    if "cron" in known:
        if not known.get("timezone", True):
            del known["timezone"]
        known.setdefault("day_or", True)
    elif "interval" in known:
        known["interval"] = _seconds(known["interval"])
        known["timezone"] = known.get("timezone") or DEFAULT_ZONE
        if "anchor_date" in known:
            known["anchor_date"] = _moment(known["anchor_date"])
    elif "rrule" in known:
        if "timezone" in timing and not timing["timezone"]:
            # Such a rule runs in no known zone, and fails on the server: it never equals another.
            known["timezone"] = None
        else:
            known.setdefault("timezone", DEFAULT_ZONE)
        known["rrule"] = _rule(known["rrule"], known["timezone"], written)
    return known


def _seconds(interval: Json) -> Json:
    if isinstance(interval, str):
        found = _DURATION.fullmatch(interval)
        if not found or not found.group()[1:].strip("T"):
            return interval
        parts = {name: float(value) for name, value in found.groupdict().items() if value}
        interval = timedelta(**parts).total_seconds()
    if isinstance(interval, timedelta):
        interval = interval.total_seconds()
    if isinstance(interval, float) and interval.is_integer():
        return int(interval)
    return interval


def _moment(anchor: Json) -> Json:
    """An anchor as UTC, with the fraction only where there is one."""
    if isinstance(anchor, str):
        text = anchor.strip()
        try:
            anchor = datetime.fromisoformat(_offset(text))
        except ValueError:
            return anchor
    elif isinstance(anchor, date) and not isinstance(anchor, datetime):
        anchor = datetime(anchor.year, anchor.month, anchor.day)
    if not isinstance(anchor, datetime):
        return anchor
    if anchor.tzinfo is None:
        anchor = anchor.replace(tzinfo=timezone.utc)
    return anchor.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def _offset(text: str) -> str:
    """Python 3.10 reads neither `Z` nor fractions that have not three or six digits."""
    text = re.sub(r"[Zz]\Z", "+00:00", text)
    return re.sub(r"\.(\d{1,6})\d*", lambda found: "." + found[1].ljust(6, "0"), text)


def _rule(rule: Json, zone: Json, written: datetime | None) -> Json:
    """A rule without the DTSTART that stands for none."""
    if not isinstance(rule, str) or not (start := _DTSTART.match(rule)):
        return rule
    begins = datetime.strptime(start[1], "%Y%m%dT%H%M%S")
    rest = rule[start.end() :]
    if begins == _ORIGIN or (written and _was_put_there(begins, rest, zone, written)):
        return rest
    return rule


def _was_put_there(begins: datetime, rule: str, zone: Json, written: datetime) -> bool:
    """Whether `begins` is what the server puts before `rule` when it writes it at `written`."""
    words = dict(
        part.partition("=")[::2] for part in rule.upper().removeprefix("RRULE:").split(";")
    )
    unit = _BEATS.get(words.get("FREQ", ""))
    if unit is None or "COUNT" in words or "\n" in rule.strip():
        return False
    every = words.get("INTERVAL", "1")
    if not every.isdigit() or not int(every):
        return False
    beat = timedelta(seconds=unit * int(every))
    age = written.astimezone(_zone(zone)).replace(tzinfo=None) - begins
    return not (begins - _ORIGIN) % beat and timedelta() <= age < beat + _DELAY


def _zone(name: Json) -> tzinfo:
    try:
        return ZoneInfo(str(name))
    except (KeyError, ValueError, OSError):
        return timezone.utc
