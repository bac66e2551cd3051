"""A command's output on its way to the screen, without what was shown a moment ago."""

from __future__ import annotations

import re
from collections.abc import Sequence

_LEAST = 4
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_REDRAWN = re.compile(r"[^\n]*\r\x1b\[K")
"""What progress drew on a line, and then erased to draw it again."""


def plain(output: str) -> str:
    """Output without colours, and without the progress that was drawn over."""
    return _CONTROL.sub("", _REDRAWN.sub("", output.replace("\r\n", "\n")))


class Fold:
    """Passes output on as it comes; a beginning that repeats `shown` becomes one line.

    `apply` shows the plan that it executes, which in the story is the one that `plan` has just
    shown: the line that stands for it says how many lines are the same.
    """

    def __init__(self, shown: Sequence[str] = ()) -> None:
        self._expected = list(shown)
        self._held: list[str] = []
        self._tail = ""

    def feed(self, text: str) -> str:
        """What of `text`, and of what was held back, is to be shown now."""
        if not self._expected:
            return text
        *lines, self._tail = (self._tail + text).split("\n")
        for position, line in enumerate(lines):
            if plain(line).rstrip("\r") != self._expected[0]:
                return self._release() + "\n".join([*lines[position:], self._take()])
            self._held.append(line)
            del self._expected[0]
            if not self._expected:
                return self._release() + "\n".join([*lines[position + 1 :], self._take()])
        if not self._expected[0].startswith(plain(self._tail)):
            return self._release() + self._take()
        return ""

    def end(self) -> str:
        """What was held back until the end."""
        return self._release() + self._take() if self._expected or self._tail else ""

    def _release(self) -> str:
        held, self._held, self._expected = self._held, [], []
        if len(held) < _LEAST:
            return "".join(f"{line}\n" for line in held)
        return f"  ... the same {len(held)} lines as above\n"

    def _take(self) -> str:
        tail, self._tail = self._tail, ""
        return tail
