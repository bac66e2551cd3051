"""How a command tells a person what it does: on standard error, which leaves the other to data."""

from __future__ import annotations

from collections.abc import Sequence

from flowlift.cli import session
from flowlift.findings import Finding
from flowlift.render.progress import Progress
from flowlift.voice import Voice


class TerminalVoice(Voice):
    """Lines, findings and progress, on a terminal or in a log."""

    def __init__(self) -> None:
        super().__init__()
        self.progress = Progress()

    def say(self, line: str) -> None:
        """Print it."""
        session.say(line)

    def step(self, what: str) -> None:
        """Show it as what is under way."""
        self.progress.step(what)

    def advance(self, done: int, total: int, name: str = "") -> None:
        """Show how far it is."""
        self.progress.advance(done, total, name)

    def found(self, findings: Sequence[Finding]) -> None:
        """Print each with its place and its remedy."""
        from flowlift.render.worker import render_findings_of

        session.show(
            lambda on: render_findings_of(findings, colour=on.colour, width=on.width), err=True
        )
