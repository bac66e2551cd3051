"""What the other end of a stream can show, and the few colours that mean something."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

LOG_WIDTH = 120
"""Columns for a log or a file, which have no width of their own."""

_NARROWEST = 40


@dataclass(frozen=True, slots=True)
class Screen:
    """What a stream can show.

    `colour`: ANSI colours are wanted. `width`: columns. `unicode`: more than ASCII can be written.
    `redraws`: it is a terminal on which a line can be drawn again.
    """

    colour: bool
    width: int
    unicode: bool
    redraws: bool


def screen_of(stream: TextIO, environ: Mapping[str, str] | None = None) -> Screen:
    """Look at `stream`, and at what its user wishes.

    `NO_COLOR` (no-color.org) turns colours off, `FORCE_COLOR` on where a log shows them.
    `COLUMNS` sets the width.
    """
    wishes = os.environ if environ is None else environ
    redraws = stream.isatty() and wishes.get("TERM") != "dumb"
    forced = wishes.get("FORCE_COLOR", "0") not in {"", "0"}
    return Screen(
        colour=not wishes.get("NO_COLOR") and (redraws or forced),
        width=max(_columns(stream, wishes), _NARROWEST),
        unicode=(stream.encoding or "ascii").lower().replace("-", "").startswith("utf"),
        redraws=redraws,
    )


def fit_encoding(text: str, stream: TextIO) -> str:
    """`text` as `stream` can encode it: what it has no sign for is shown as an escape."""
    encoding = stream.encoding or "ascii"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _columns(stream: TextIO, wishes: Mapping[str, str]) -> int:
    asked = wishes.get("COLUMNS", "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    if not stream.isatty():
        return LOG_WIDTH
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except OSError:
        columns = 0
    # A terminal may say that it has no columns at all.
    return columns or shutil.get_terminal_size().columns


@dataclass(frozen=True, slots=True)
class Ink:
    """Colours with a meaning: green is added, yellow is changed, red is gone or wrong."""

    on: bool

    def red(self, text: str) -> str:
        """Gone, or wrong."""
        return f"\x1b[31m{text}\x1b[0m" if self.on else text

    def green(self, text: str) -> str:
        """Added, or well."""
        return f"\x1b[32m{text}\x1b[0m" if self.on else text

    def yellow(self, text: str) -> str:
        """Changed, or doubtful."""
        return f"\x1b[33m{text}\x1b[0m" if self.on else text

    def dim(self, text: str) -> str:
        """Beside the point, for whoever asks."""
        return f"\x1b[2m{text}\x1b[0m" if self.on else text

    def bold(self, text: str) -> str:
        """What the eye looks for."""
        return f"\x1b[1m{text}\x1b[0m" if self.on else text
