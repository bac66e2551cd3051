"""Numbers as words say them: whatever tells a person how many, and how long."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

_MINUTE = 60


def plural(count: int, noun: str) -> str:
    """`1 warning`, `2 warnings`, `1,200 changes`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def listed(names: Sequence[str], most: int) -> str:
    """`a, b, c`, or `a, b and 1,200 more` where `most` are named."""
    return ", ".join(names[:most]) + and_more(len(names) - most)


def and_more(left: int) -> str:
    """` and 1,200 more` behind what is named already; nothing where nothing is left."""
    return f" and {left:,} more" if left > 0 else ""


def meant(
    name: str,
    known: Iterable[str],
    quoted: Callable[[str], str] = "`{}`".format,
    cutoff: float = 0.6,
) -> str:
    """`: is `name` meant?` behind what is not known, where a known name is near; else the stop."""
    import difflib

    near = difflib.get_close_matches(name, known, n=1, cutoff=cutoff)
    return f": is {quoted(near[0])} meant?" if near else "."


def duration(seconds: float) -> str:
    """`0.08 s`, `12.3 s`, `2 min 05 s`."""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if round(seconds, 1) < _MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    return f"{minutes} min {rest:02d} s"
