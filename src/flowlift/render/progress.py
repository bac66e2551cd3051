"""Progress on long work: one line that is drawn again on a terminal, quiet lines in a log.

It goes to standard error, so that standard output stays what the command is asked for.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import TextIO

from flowlift.render.screen import fit_encoding, screen_of
from flowlift.render.visible import cells, cut, visible

_REDRAW_SECONDS = 0.1
_QUIET_SECONDS = 10.0
_ERASE = "\r\x1b[K"


class Progress(AbstractContextManager["Progress"]):
    """Tells what is under way; as a context manager it leaves a clean line behind.

    On a terminal `step` and `advance` draw one line again and again, ten times a second at most.
    Elsewhere `step` prints a line, and `advance` one every ten seconds, so that a log shows that
    something still happens. A reader of standard error that has left is no error.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream or sys.stderr
        self._environ = environ
        self._redraws = screen_of(self._stream, environ).redraws
        self._clock = clock
        self._step = ""
        self._line = ""
        self._told = clock()
        self._gone = False

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._line = ""
        self._erase()

    def step(self, text: str) -> None:
        """Something new begins: `reading the workspace`."""
        self._step = visible(text)
        # The first advance is drawn at once: what is slow may take long until its second.
        self._told = self._clock() - (_REDRAW_SECONDS if self._redraws else 0)
        self._line = self._step
        if self._redraws:
            self._draw()
        else:
            self._write(self._step + "\n")

    def advance(self, done: int, total: int, text: str = "") -> None:
        """`done` of `total` parts of the step are done; `text` says which one is next or last."""
        now = self._clock()
        pause = _REDRAW_SECONDS if self._redraws else _QUIET_SECONDS
        if now - self._told < pause and not (self._redraws and done >= total):
            return
        self._told = now
        count = f"{done:,} of {total:,}"
        lead = f"{self._step}: {count}" if self._step else count
        self._line = f"{lead}  {visible(text)}" if text else lead
        if self._redraws:
            self._draw()
        else:
            self._write(self._line + "\n")

    @contextmanager
    def above(self) -> Iterator[None]:
        """Make room for lines that stay: what is printed inside stands above the drawn line."""
        self._erase()
        try:
            yield
        finally:
            if self._redraws and self._line:
                self._draw()

    def _draw(self) -> None:
        # The last column stays free: a full line would wrap and could not be drawn over.
        room = screen_of(self._stream, self._environ).width - 1
        line = self._line
        if cells(line) > room:
            line = cut(line, room)
        self._write(_ERASE + line)

    def _erase(self) -> None:
        if self._redraws:
            self._write(_ERASE)

    def _write(self, text: str) -> None:
        if self._gone:
            return
        try:
            self._stream.write(fit_encoding(text, self._stream))
            self._stream.flush()
        except OSError:
            self._gone = True
