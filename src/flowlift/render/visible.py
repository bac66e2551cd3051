"""Text that others wrote, made harmless for a screen and cut to size.

Names and values come from YAML and from branches. What does not print (control characters, ANSI
escapes, characters that turn the direction of writing, invisible ones) is shown as an escape, so
that what a person sees is what is there, and a terminal obeys nothing of it.
"""

from __future__ import annotations

import unicodedata
from itertools import takewhile

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LATIN, _BASIC = 0x100, 0x10000

_LEAST = 8
"""Columns of a cut text that are shown however little room there is."""

_LEAD = 10
"""Columns shown before the place where two texts begin to differ."""

_WIDEST = 2
"""Columns of the widest character."""


def visible(text: str) -> str:
    """`text` with every character that does not print shown as its escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    code = ord(character)
    if character in _NAMED:
        return _NAMED[character]
    if code < _LATIN:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < _BASIC else f"\\U{code:08x}"


def cells(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    return sum(_cells(character) for character in text)


def _cells(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, room: int) -> str:
    """`text` in at most `room` columns, and how many characters are left out.

    The count never goes: with too little room for it the result is wider than asked.
    """
    return text if cells(text) <= room else _cut(text, room, 0)


def cut_pair(before: str, after: str, room: int) -> tuple[str, str]:
    """Two values cut to `room` columns each, such that where they begin to differ is seen."""
    if cells(before) <= room and cells(after) <= room:
        return before, after
    same = takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False))
    shared = sum(1 for _ in same)
    start = _start(before[:shared], _seen(room, max(len(before), len(after))))
    return (
        before if cells(before) <= room else _cut(before, room, start),
        after if cells(after) <= room else _cut(after, room, start),
    )


def _start(shared: str, seen: int) -> int:
    """Where to begin, so that what follows `shared` is among the `seen` columns."""
    if cells(shared) + _WIDEST <= seen:
        return 0
    lead = min(_LEAD, seen - _WIDEST)
    start = len(shared)
    while start and (lead := lead - _cells(shared[start - 1])) >= 0:
        start -= 1
    return start


def _seen(room: int, length: int) -> int:
    """How many columns of a text of `length` characters are seen at least, cut to `room`."""
    around = 2 * len("...") + 2 * len('"')
    return max(room - around - len(_count(length)), _LEAST)


def _count(characters: int) -> str:
    return f" (+{characters:,} characters)"


def _cut(text: str, room: int, start: int) -> str:
    """`text` from `start` on; a quoted one stays quoted, and its quotes are not counted."""
    quote = '"' if len(text) > 1 and text[0] == text[-1] == '"' else ""
    inside = text[len(quote) : len(text) - len(quote)]
    rest = inside[max(start - len(quote), 0) :]
    head = "..." if len(rest) < len(inside) else ""
    space = max(room - len(head) - len(_count(len(inside))) - 2 * len(quote), _LEAST)
    if cells(rest) <= space:
        end = ""
    else:
        rest, end = _prefix(rest, max(space - len("..."), _LEAST)), "..."
    return f"{quote}{head}{rest}{end}{quote}{_count(len(inside) - len(rest))}"


def _prefix(text: str, room: int) -> str:
    """The beginning of `text` that fits into `room` columns."""
    if text[:room].isascii():
        return text[:room]
    used = 0
    for position, character in enumerate(text):
        used += _cells(character)
        if used > room:
            return text[:position]
    return text
