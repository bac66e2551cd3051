"""Numbers as words say them: whatever tells a person how many, and how long."""

from __future__ import annotations

_MINUTE = 60


def plural(count: int, noun: str) -> str:
    """`1 warning`, `2 warnings`, `1,200 changes`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def duration(seconds: float) -> str:
    """`0.08 s`, `12.3 s`, `2 min 05 s`."""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if round(seconds, 1) < _MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    return f"{minutes} min {rest:02d} s"
