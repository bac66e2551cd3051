"""Whoever is told what a delivery does, while it does it; and what its report keeps of that."""

from __future__ import annotations

from collections.abc import Sequence

from flowlift.delivery.deciding import Decision, Step
from flowlift.deployments.applying import Applied
from flowlift.deployments.verifying import RunOutcome
from flowlift.findings import Finding
from flowlift.plan.model import Plan
from flowlift.voice import Voice


class DeliveryVoice(Voice):
    """Is also told what is decided, and how the deployments' steps end; by itself silent."""

    def decided(self, decision: Decision) -> None:
        """What will be done, and why, before any of it."""

    def begun(self, step: Step) -> None:
        """A step begins."""

    def applied(self, result: Applied) -> None:
        """What an apply or a sync has done."""

    def ran(self, runs: Sequence[RunOutcome]) -> None:
        """How the test runs ended."""


class Noting(Voice):
    """Passes on what it hears, and notes for the report what was found, and the newest plan."""

    def __init__(self, to: Voice) -> None:
        super().__init__(to)
        self.findings: list[Finding] = []
        self.plan: Plan | None = None

    def found(self, findings: Sequence[Finding]) -> None:
        """Note the findings."""
        self.findings += findings
        super().found(findings)

    def planned(self, plan: Plan) -> None:
        """Note the plan, also where an error ends the apply."""
        self.plan = plan
        super().planned(plan)
