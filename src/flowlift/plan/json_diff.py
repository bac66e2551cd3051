"""The places at which two values differ, for what a plan shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from flowlift.findings import FieldChange, Json
from flowlift.plan.mask import mask

ABSENT = "(absent)"
"""Stands for a key that one of the two values does not have."""


def differences(path: str, before: Json, after: Json) -> Iterable[tuple[str, Json, Json]]:
    """Every place below `path` where two values differ, as small as can be shown."""
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(key for key in after if key not in before)]:
            inner = f"{path}.{key}"
            if key not in after:
                yield inner, before[key], ABSENT
            elif key not in before:
                yield inner, ABSENT, after[key]
            else:
                yield from differences(inner, before[key], after[key])
    elif (
        isinstance(before, list)
        and isinstance(after, list)
        and len(before) == len(after)
        and any(isinstance(item, (dict, list)) for item in after)
    ):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from differences(f"{path}[{index}]", old, new)
    else:
        yield path, before, after


_MISSING = object()


def same(one: Json, other: Json) -> bool:
    """Whether two values are the same JSON: `true` is not 1, but 5.0 is 5.

    Numbers are compared as doubles, since that is how Helm keeps them.
    """
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return float(one) == float(other)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) and type(one) is type(other)


def field_changes(before: Json, after: Json, path: str = "") -> tuple[FieldChange, ...]:
    """Every place where `after` differs from `before`, as small as can be shown.

    Values that are named or shaped like secrets are hidden. What is absent on one side is None
    there.
    """
    return tuple(
        FieldChange(
            field=place or "(whole)",
            before=None if old is _MISSING else mask(old, place, ()),
            after=None if new is _MISSING else mask(new, place, ()),
        )
        for place, old, new in _differ(path, before, after)
    )


def _differ(path: str, before: Json, after: Json) -> Iterator[tuple[str, Json, Json]]:
    if same(before, after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(key for key in after if key not in before)]:
            inner = f"{path}.{key}" if path else str(key)
            old, new = before.get(key, _MISSING), after.get(key, _MISSING)
            if old is _MISSING or new is _MISSING:
                yield inner, old, new
            else:
                yield from _differ(inner, old, new)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differ(f"{path}[{index}]", old, new)
    else:
        yield path, before, after
