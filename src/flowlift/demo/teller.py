"""How the story looks: its chapters, what was checked, and the table at the end."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from flowlift.render.progress import Progress
from flowlift.render.screen import Ink, fit_encoding, screen_of
from flowlift.render.visible import cells
from flowlift.words import duration

T = TypeVar("T")

_WIDEST = 100
_LOG_SECONDS = 10.0


@dataclass
class Chapter:
    """A part of the story, what was checked in it, and how long it took in seconds."""

    title: str
    checked: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass
class Storyteller:
    """Prints the story to standard output."""

    chapters: list[Chapter] = field(default_factory=list)
    _begun: float = field(default_factory=time.monotonic)

    def begin(self, title: str, words: str) -> None:
        """What this is."""
        ink, _, _ = self._looks()
        self._print(ink.bold(title))
        self.say(words)

    @contextmanager
    def chapter(self, title: str, words: str) -> Iterator[None]:
        """A headline and a sentence or two; what is checked inside belongs to it."""
        chapter = Chapter(title)
        self.chapters.append(chapter)
        begun = time.monotonic()
        ink, width, unicode = self._looks()
        line = "─" if unicode else "-"
        lead = f"{line * 2} {len(self.chapters)}. {title} "
        self._print("\n" + ink.bold(lead + line * (width - cells(lead))))
        self.say(words)
        yield
        chapter.seconds = time.monotonic() - begun

    def say(self, words: str) -> None:
        """A sentence for the reader."""
        _, width, _ = self._looks()
        for line in textwrap.wrap(words, width, break_long_words=False, break_on_hyphens=False):
            self._print(line)

    def checked(self, words: str) -> None:
        """Something that was found to be so."""
        self.chapters[-1].checked.append(words)
        _, width, _ = self._looks()
        self._print("\n".join(f"  {line}" for line in self._under_tick(words, width - 2)))

    def failed(self, words: str) -> None:
        """Something that is not so."""
        ink, _, unicode = self._looks()
        self._print(f"{ink.red('✗' if unicode else 'FAILED')} {words}")

    def await_(self, future: Future[T], what: str) -> T:
        """The result of what is under way, with progress meanwhile."""
        begun = time.monotonic()
        if future.done():
            return future.result()
        sys.stdout.flush()
        with Progress() as progress:
            pause = 1.0 if screen_of(sys.stderr).redraws else _LOG_SECONDS
            while True:
                waited = time.monotonic() - begun
                progress.step(f"{what}: {waited:.0f} s" if waited >= 1 else what)
                if wait([future], pause).done:
                    return future.result()

    def table(self) -> None:
        """Each chapter, how long it took, and what was checked in it."""
        ink, width, unicode = self._looks()
        titles = [f"{number}. {each.title}" for number, each in enumerate(self.chapters, 1)]
        seconds = [duration(each.seconds) for each in self.chapters]
        first, second = max(map(cells, titles)), max(map(cells, seconds))
        lead = " " * (first + second + 4)
        rule = ink.dim(("─" if unicode else "-") * width)
        heading = f"{'step':<{first}}  {'took':>{second}}  checked, by Prefect's API"
        self._print("\n".join(["", ink.bold(heading), rule]))
        for title, took, chapter in zip(titles, seconds, self.chapters, strict=True):
            begun = f"{title:<{first}}  {took:>{second}}  "
            for words in chapter.checked:
                lines = self._under_tick(words, width - len(lead))
                self._print("\n".join([begun + lines[0], *(lead + line for line in lines[1:])]))
                begun = lead
        checks = sum(len(chapter.checked) for chapter in self.chapters)
        total = duration(time.monotonic() - self._begun)
        self._print("\n".join([rule, ink.bold(f"All {checks} checks hold, in {total}."), ""]))

    def lines(self, *lines: str) -> None:
        """Lines as they are."""
        self._print("\n".join(lines))

    def _under_tick(self, words: str, width: int) -> list[str]:
        ink, _, unicode = self._looks()
        tick = "✓" if unicode else "ok"
        lines = textwrap.wrap(words, width - len(tick) - 1, break_on_hyphens=False)
        leads = [ink.green(tick), *([" " * len(tick)] * (len(lines) - 1))]
        return [f"{lead} {ink.green(line)}" for lead, line in zip(leads, lines, strict=True)]

    def _looks(self) -> tuple[Ink, int, bool]:
        screen = screen_of(sys.stdout)
        return Ink(screen.colour), min(screen.width, _WIDEST), screen.unicode

    def _print(self, text: str) -> None:
        sys.stdout.write(fit_encoding(text, sys.stdout) + "\n")
        sys.stdout.flush()
