"""What a change does, line by line: nested values path by path, texts and lists by what differs.

The lines hold words, not colours or markup, so that the terminal and markdown say the same.
"""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import lru_cache
from itertools import zip_longest
from typing import NamedTuple

from flowlift.findings import Action, FieldChange, Json
from flowlift.plan.fields import DEFAULTS
from flowlift.plan.json_diff import ABSENT, same
from flowlift.plan.mask import HIDDEN
from flowlift.plan.model import Change, Kept
from flowlift.render.values import (
    bare,
    below,
    in_words,
    interval_in_words,
    is_list,
    is_schedule,
    on_or_off,
    schedule_times,
)
from flowlift.render.visible import visible

_NOTHING = object()
_SCALARS = frozenset({str, int, float, bool, type(None), object})
_SHORT = 60
_DIFF_LIMIT = 400
_SCHEDULE_PART = re.compile(
    r"(?P<schedule>schedules\..+)\."
    r"(?P<part>cron|interval|rrule|timezone|anchor_date|day_or|active|slug|max_scheduled_runs)"
)
_PARAMETER_SCHEMA = re.compile(r"parameter_openapi_schema\.properties[.\[][^.\[]+")
_PREFECTS_STEPS = "prefect.deployments.steps."


class Piece(NamedTuple):
    """Words of a line: what stays (`label`), and a value before and after; None: there is none."""

    label: str = ""
    before: str | None = None
    after: str | None = None


class FieldLine(NamedTuple):
    """One place that a change writes: a path, and what happens there.

    `sign` is `+`, `~` or `-`. `added` and `removed` are members of a list that is shown as a set;
    `diff` are the lines of a text, each led by a space, `+`, `-` or `@`.
    """

    path: str
    sign: str
    pieces: tuple[Piece, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    diff: tuple[str, ...] = ()
    reason: str = ""


def lines_of(change: Change) -> list[FieldLine]:
    """Every line of a change.

    A new deployment's fields that say what holds anyway are left out.
    """
    shown = [f for f in change.fields if not _goes_without_saying(change, f)]
    # The change's own reason is told above its lines: a line tells only one of its own.
    told: set[str] = {change.reasons[0].kind} if change.reasons else set()
    if len({f.reason for f in shown}) == 1:
        told = {shown[0].reason}
    return [line for field in _schedules_joined(shown) for line in _lines(field, told)]


def kept_in_words(kept: Kept) -> list[str]:
    """What is left as an operator set it: `schedules.daily stays paused: paused by hand ...`."""
    note = visible(kept.note)
    path = visible(kept.field)
    if kept.field == "paused":
        return [f"stays {'paused' if kept.live else 'not paused'}: {note}"]
    if path.startswith("triggers.") and path.endswith(".enabled"):
        return [f"{path.removesuffix('.enabled')} stays {'on' if kept.live else 'off'}: {note}"]
    if part := _SCHEDULE_PART.fullmatch(kept.field):
        if part["part"] == "active":
            state = "on" if kept.live else "paused"
            return [f"{visible(part['schedule'])} stays {state}: {note}"]
    elif kept.field.startswith("schedules.") and kept.desired is None and is_schedule(kept.live):
        return [f"{path} stays ({_schedule(kept.live)}): {note}"]
    change = FieldChange(field=kept.field, before=kept.desired, after=kept.live)
    return [_kept_line(line, note) for line in _lines(_Joined(change), ())]


def _kept_line(line: FieldLine, note: str) -> str:
    if line.diff or line.added or line.removed:
        parts = [*(f"+{a}" for a in line.added), *(f"-{r}" for r in line.removed)]
        shown = " ".join(parts) or "as it is"
        return f"{line.path} stays {shown}: {note}"
    live = ", ".join(p.after if p.after is not None else p.label or "unset" for p in line.pieces)
    declared = ", ".join(p.before for p in line.pieces if p.before is not None)
    aside = f" (declared: {declared})" if declared else ""
    return f"{line.path} stays {live}{aside}: {note}"


def _goes_without_saying(change: Change, field: FieldChange) -> bool:
    if change.action is not Action.CREATE or field.before is not None:
        return False
    if field.field in DEFAULTS and DEFAULTS[field.field] == field.after:
        return True
    return field.after is None or field.after in ("", {}, [])


@dataclass(slots=True)
class _Joined:
    """A field, or the parts of one schedule that belong on one line."""

    first: FieldChange
    schedule: str = ""
    parts: list[tuple[str, FieldChange]] = dataclass_field(default_factory=list)


def _schedules_joined(fields: Sequence[FieldChange]) -> list[_Joined]:
    """The fields in their order, with the parts of a schedule gathered at its first one."""
    joined: dict[str, _Joined] = {}
    order: list[_Joined] = []
    for field in fields:
        found = _SCHEDULE_PART.fullmatch(field.field) if field.field.startswith("sch") else None
        if found is None:
            order.append(_Joined(field))
            continue
        name = found["schedule"]
        if name not in joined:
            joined[name] = _Joined(field, name, [])
            order.append(joined[name])
        joined[name].parts.append((found["part"], field))
    return order


def _lines(joined: _Joined, told: Collection[str]) -> Iterator[FieldLine]:
    """The lines of a field, each with its reason unless that is `told` already."""
    field = joined.first
    if joined.schedule:
        reasons = dict.fromkeys(f.reason for _, f in joined.parts if f.reason not in told)
        pieces = tuple(_schedule_piece(part, f) for part, f in joined.parts)
        yield FieldLine(
            visible(joined.schedule), "~", pieces, reason=", ".join(filter(None, reasons))
        )
        return
    before = _NOTHING if field.before is None or field.before == ABSENT else field.before
    after = _NOTHING if field.after is None or field.after == ABSENT else field.after
    path = visible(field.field).replace(_PREFECTS_STEPS, "", 1)
    if (
        type(before) in _SCALARS
        and type(after) in _SCALARS
        and not same(before, after, "as written")
    ):
        lines = [_scalar(path, before, after)]
    else:
        lines = list(_walk(path, before, after)) or [_unseen(path, before)]
    if not field.reason or field.reason in told:
        yield from lines
        return
    for line in lines:
        yield line._replace(reason=visible(field.reason))


def _unseen(path: str, value: Json) -> FieldLine:
    what = "changes; the value is hidden" if value == HIDDEN else "is written anew"
    return FieldLine(path, "~", (Piece(what),))


def _schedule_piece(part: str, field: FieldChange) -> Piece:
    if part == "active":
        return Piece("", on_or_off(field.before), on_or_off(field.after))
    if part == "interval":
        return Piece("", interval_in_words(field.before), interval_in_words(field.after))
    say = bare if part in {"timezone", "anchor_date"} else in_words
    before, after = (
        "none" if value is None or value == ABSENT else say(value)
        for value in (field.before, field.after)
    )
    return Piece(part, before, after)


def _walk(path: str, before: Json, after: Json) -> Iterator[FieldLine]:
    """The lines for every place at and below `path` where two values differ."""
    if same(before, after, "as written"):
        return
    if type(before) in _SCALARS and type(after) in _SCALARS:
        yield _scalar(path, before, after)
    elif path.startswith("schedules") and (is_schedule(before) or is_schedule(after)):
        yield from _schedule_lines(path, before, after)
    elif _PARAMETER_SCHEMA.fullmatch(path) and _one_sided(before, after):
        yield _line(path, _parameter(before), _parameter(after))
    elif _expands(before, after, Mapping):
        old: Mapping[str, Json] = {} if before is _NOTHING else before
        new: Mapping[str, Json] = {} if after is _NOTHING else after
        for key in [*old, *(key for key in new if key not in old)]:
            inner = below(path, str(key))
            if path.startswith("pull_steps[") and str(key).startswith(_PREFECTS_STEPS):
                inner = below(path, str(key)[len(_PREFECTS_STEPS) :])
            yield from _walk(inner, old.get(key, _NOTHING), new.get(key, _NOTHING))
    elif _expands(before, after, Sequence):
        yield from _list_lines(
            path, () if before is _NOTHING else before, () if after is _NOTHING else after
        )
    else:
        yield _line(path, _words(before), _words(after))


@lru_cache(maxsize=1_000, typed=True)
def _scalar(path: str, before: Json, after: Json) -> FieldLine:
    """Remembered, as one branch puts the same values into hundreds of deployments."""
    if isinstance(before, str) and isinstance(after, str) and "\n" in before + after:
        return FieldLine(path, "~", diff=tuple(_text_diff(before, after)))
    return _line(path, _words(before), _words(after))


def _one_sided(before: Json, after: Json) -> bool:
    return before is _NOTHING or after is _NOTHING


def _expands(before: Json, after: Json, kind: type) -> bool:
    """Whether what is there is `kind`, with something in it: then its insides are shown."""
    there = [value for value in (before, after) if value is not _NOTHING]
    return all(isinstance(v, kind) and not isinstance(v, str) for v in there) and any(there)


def _words(value: Json) -> str | None:
    return None if value is _NOTHING else in_words(value)


def _line(path: str, before: str | None, after: str | None) -> FieldLine:
    sign = "+" if before is None else "-" if after is None else "~"
    return FieldLine(path, sign, (Piece("", before, after),))


def _schedule(schedule: Mapping[str, Json]) -> str:
    return f"{schedule_times(schedule)}, {on_or_off(schedule.get('active'))}"


def _schedule_lines(path: str, before: Json, after: Json) -> Iterator[FieldLine]:
    if is_schedule(before) and is_schedule(after):
        times = schedule_times(before), schedule_times(after)
        states = on_or_off(before.get("active")), on_or_off(after.get("active"))
        pieces = tuple(Piece(b) if b == a else Piece("", b, a) for b, a in (times, states))
        if any(piece.before for piece in pieces):
            yield FieldLine(path, "~", pieces)
    else:
        for value, sign in ((before, "-"), (after, "+")):
            if is_schedule(value):
                yield FieldLine(path, sign, (Piece(_schedule(value)),))
    for key in ("parameters", "max_scheduled_runs", "slug"):
        old, new = (
            (value.get(key) or _NOTHING) if is_schedule(value) else _NOTHING
            for value in (before, after)
        )
        yield from _walk(f"{path}.{key}", old, new)


def _parameter(schema: Json) -> str | None:
    """A flow's parameter in words: `integer = 5`, `string, required by the flow`."""
    if not isinstance(schema, Mapping):
        return _words(schema)
    if "type" in schema:
        kind = schema["type"] if isinstance(schema["type"], str) else in_words(schema["type"])
    else:
        kind = str(schema.get("$ref", "any")).rpartition("/")[2]
    words = visible(kind)
    return f"{words} = {in_words(schema['default'])}" if "default" in schema else words


def _list_lines(path: str, before: Sequence[Json], after: Sequence[Json]) -> Iterator[FieldLine]:
    if path == "tags" or path.endswith(".tags"):
        yield _set_line(path, before, after, bare)
        return
    if not any(isinstance(item, Mapping) or is_list(item) for item in (*before, *after)):
        old, new = (in_words(items) if items else None for items in (before, after))
        short = len(old or "") <= _SHORT and len(new or "") <= _SHORT
        if short or not before or not after:
            yield _line(path, old, new)
        else:
            yield _set_line(path, before, after, in_words)
        return
    if max(len(before), len(after)) > _DIFF_LIMIT:
        # Finding what moved costs the square of the length: so long a list goes by position.
        for index, sides in enumerate(zip_longest(before, after, fillvalue=_NOTHING)):
            yield from _walk(f"{path}[{index}]", *sides)
        return
    keys = [[json.dumps(i, sort_keys=True, default=str) for i in side] for side in (before, after)]
    matcher = difflib.SequenceMatcher(None, keys[0], keys[1], autojunk=False)
    for tag, b_start, b_end, a_start, a_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        paired = min(b_end - b_start, a_end - a_start)
        for offset in range(paired):
            index = a_start + offset
            yield from _walk(f"{path}[{index}]", before[b_start + offset], after[index])
        for index in range(b_start + paired, b_end):
            yield from _walk(f"{path}[{index}]", before[index], _NOTHING)
        for index in range(a_start + paired, a_end):
            yield from _walk(f"{path}[{index}]", _NOTHING, after[index])


def _set_line(
    path: str, before: Iterable[Json], after: Iterable[Json], say: Callable[[Json], str]
) -> FieldLine:
    old = Counter(map(say, before))
    new = Counter(map(say, after))
    removed, added = tuple((old - new).elements()), tuple((new - old).elements())
    if not removed and not added:
        return FieldLine(path, "~", (Piece("the same in another order"),))
    sign = "~" if (old and new) else "+" if new else "-"
    return FieldLine(path, sign, added=added, removed=removed)


def _text_diff(before: str, after: str) -> Iterator[str]:
    """What differs between two texts, with one line around it."""
    old, new = before.splitlines(), after.splitlines()
    if max(len(old), len(new)) > _DIFF_LIMIT:
        yield f" {len(old):,} lines before, {len(new):,} lines after"
        return
    if old == new:
        yield "@ only the end of the last line differs"
        return
    for line in list(difflib.unified_diff(old, new, lineterm="", n=1))[2:]:
        if line.startswith("@@"):
            start = line.split("+")[1].split(",")[0].split(" ")[0]
            yield f"@ line {start}"
        elif line.strip():
            yield line[0] + visible(line[1:])
