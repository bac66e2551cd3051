"""Telling the user what goes on, while it goes on: one interface, which a command hands down once.

What is below works the same for a terminal, a log, JSON and a test: each is a voice of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flowlift.findings import Finding

if TYPE_CHECKING:
    from flowlift.plan.model import Change, Plan


class Voice:
    """Whoever is told what goes on. By itself it is silent, or passes on to `to` what it hears.

    Each method may print; none but `confirm` decides anything.
    """

    def __init__(self, to: Voice | None = None) -> None:
        self._to = to

    def say(self, line: str) -> None:
        """A line about what is done now; lines stay."""
        if self._to:
            self._to.say(line)

    def step(self, what: str) -> None:
        """Something begins that may take long: `building: docker_build`."""
        if self._to:
            self._to.step(what)

    def advance(self, done: int, total: int, name: str = "") -> None:
        """`done` of `total` parts of the step are over, `name` being the last of them."""
        if self._to:
            self._to.advance(done, total, name)

    def waiting(self, holder: str) -> None:
        """Somebody else is writing, and is waited for."""
        if self._to:
            self._to.waiting(holder)

    def found(self, findings: Sequence[Finding]) -> None:
        """What is wrong or doubtful, before any write."""
        if self._to:
            self._to.found(findings)

    def planned(self, plan: Plan) -> None:
        """What will be done; told again where it had to be planned anew."""
        if self._to:
            self._to.planned(plan)

    def confirm(self, plan: Plan) -> bool:
        """Whether the plan may be written."""
        return self._to.confirm(plan) if self._to else True

    def written(self, change: Change, seconds: float) -> None:
        """A change is made, and took so many seconds."""
        if self._to:
            self._to.written(change, seconds)


SILENT = Voice()
