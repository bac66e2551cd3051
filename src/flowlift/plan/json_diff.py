"""The places at which two JSON values differ: in a plan, in a worker, between two commits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import repeat
from typing import Literal

from flowlift.findings import FieldChange, Json
from flowlift.plan.mask import mask

ABSENT = "(absent)"
"""Stands for a key that one of the two values does not have."""

Numbers = Literal["by value", "as written", "as doubles"]
"""When two numbers are the same; `true` is never the number 1.

`by value`: 5 is 5.0, as a server may give back one for the other. `as written`: 5 is not 5.0, as
somebody has changed a file. `as doubles`: what differs only beyond 53 bits is the same, as some
versions of Helm keep no more.
"""

_NUMBERS = (int, float)


def same(one: Json, other: Json, numbers: Numbers = "by value") -> bool:
    """Whether two values are the same JSON, keys in any order."""
    if isinstance(one, str):  # Most values are texts, and they need no more.
        return bool(one == other)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(
            same(value, other[key], numbers) for key, value in one.items()
        )
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other, repeat(numbers)))
    if numbers == "as doubles" and type(one) in _NUMBERS and type(other) in _NUMBERS:
        one, other = float(one), float(other)
    strict = numbers == "as written" or isinstance(one, bool) or isinstance(other, bool)
    if strict and type(one) is not type(other):
        return False
    return bool(one == other or (one != one and other != other))  # noqa: PLR0124 (nan)


def differences(
    before: Json,
    after: Json,
    path: str = "",
    *,
    numbers: Numbers = "by value",
    whole_lists: bool = False,
) -> Iterator[tuple[str, Json, Json]]:
    """Every place at and below `path` where two values differ, as small as can be shown.

    `whole_lists` shows a list that holds neither lists nor mappings as one value, as with tags.
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in {**before, **after}:
            inner = f"{path}.{key}" if path else str(key)
            if key in before and key in after:
                yield from differences(
                    before[key], after[key], inner, numbers=numbers, whole_lists=whole_lists
                )
            else:
                yield inner, before.get(key, ABSENT), after.get(key, ABSENT)
    elif (
        isinstance(before, list)
        and isinstance(after, list)
        and len(before) == len(after)
        and (not whole_lists or any(isinstance(item, (dict, list)) for item in after))
    ):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            inner = f"{path}[{index}]"
            yield from differences(old, new, inner, numbers=numbers, whole_lists=whole_lists)
    elif not same(before, after, numbers):
        yield path, before, after


def field_changes(
    before: Json, after: Json, path: str = "", numbers: Numbers = "by value"
) -> tuple[FieldChange, ...]:
    """The differences as a worker's plan shows them.

    Values that are named or shaped like secrets are hidden. What is absent on one side is None
    there.
    """
    return tuple(
        FieldChange(
            field=place or "(whole)",
            before=None if old is ABSENT else mask(old, place, ()),
            after=None if new is ABSENT else mask(new, place, ()),
        )
        for place, old, new in differences(before, after, path, numbers=numbers)
    )
