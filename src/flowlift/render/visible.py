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
    start = shared - 10 if shared > room // 2 else 0
    return (
        before if cells(before) <= room else _cut(before, room, start),
        after if cells(after) <= room else _cut(after, room, start),
    )


def _cut(text: str, room: int, start: int) -> str:
    """`text` from `start` on; a quoted one stays quoted, and its quotes are not counted."""
    quote = '"' if len(text) > 1 and text[0] == text[-1] == '"' else ""
    inside = text[len(quote) : len(text) - len(quote)]
    rest = inside[max(start - len(quote), 0) :]
    head = "..." if len(rest) < len(inside) else ""
    tail = f" (+{len(inside):,} characters)"
    space = max(room - len(head) - len(tail) - 2 * len(quote), 8)
    if cells(rest) <= space:
        end = ""
    else:
        rest, end = _prefix(rest, max(space - 3, 8)), "..."
    return f"{quote}{head}{rest}{end}{quote} (+{len(inside) - len(rest):,} characters)"


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
