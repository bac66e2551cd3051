"""A voice that keeps what it is told, for tests to look at."""

from __future__ import annotations

from collections.abc import Sequence

from flowlift.findings import Finding
from flowlift.plan.model import Change, Plan
from flowlift.voice import Voice


class RecordingVoice(Voice):
    """Keeps all of it, in its order; `heard` has the names of the calls. Says `yes` if asked."""

    def __init__(self, *, yes: bool = True) -> None:
        super().__init__()
        self.yes = yes
        self.heard: list[str] = []
        self.lines: list[str] = []
        self.steps: list[str] = []
        self.progress: list[tuple[int, int, str]] = []
        self.holders: list[str] = []
        self.findings: list[Finding] = []
        self.plans: list[Plan] = []
        self.changes: list[Change] = []
        self.seconds: list[float] = []

    @property
    def names(self) -> list[str]:
        """The deployments that were written, in their order."""
        return [change.deployment for change in self.changes]

    def say(self, line: str) -> None:
        self.heard.append("say")
        self.lines.append(line)

    def step(self, what: str) -> None:
        self.heard.append("step")
        self.steps.append(what)

    def advance(self, done: int, total: int, name: str = "") -> None:
        self.heard.append("advance")
        self.progress.append((done, total, name))

    def waiting(self, holder: str) -> None:
        self.heard.append("waiting")
        self.holders.append(holder)

    def found(self, findings: Sequence[Finding]) -> None:
        self.heard.append("found")
        self.findings += findings

    def planned(self, plan: Plan) -> None:
        self.heard.append("planned")
        self.plans.append(plan)

    def confirm(self, plan: Plan) -> bool:
        self.heard.append("confirm")
        return self.yes

    def written(self, change: Change, seconds: float) -> None:
        self.heard.append("written")
        self.changes.append(change)
        self.seconds.append(seconds)
