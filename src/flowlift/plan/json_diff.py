"""The places at which two values differ, for what a plan shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flowlift.findings import Json

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
