"""A delivery in memory: what it is told to do, and whoever it tells."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from flowlift.delivery.deciding import Decision, Request, Step
from flowlift.delivery.deliver_deployments import deliver_deployments
from flowlift.delivery.outcome import Outcome, State
from flowlift.delivery.voice import DeliveryVoice
from flowlift.deployments.applying import Applied
from flowlift.deployments.verifying import RunOutcome
from flowlift.workspace import running
from flowlift.workspace.client import Client
from flowlift.workspace.endpoint import Endpoint
from tests.parts.small_platform import SmallPlatform
from tests.parts.standin_forge import StandInForge
from tests.parts.voices import RecordingVoice

T = TypeVar("T")


class RecordingDeliveryVoice(RecordingVoice, DeliveryVoice):
    """Keeps all that a delivery tells."""

    def __init__(self) -> None:
        super().__init__()
        self.decisions: list[Decision] = []
        self.begins: list[str] = []
        self.results: list[Applied] = []
        self.runs: list[RunOutcome] = []

    def decided(self, decision: Decision) -> None:
        self.decisions.append(decision)

    def begun(self, step: Step) -> None:
        self.begins.append(f"{step.workflow} {step.verb} {step.environment}".strip())

    def applied(self, result: Applied) -> None:
        self.results.append(result)

    def ran(self, runs: Sequence[RunOutcome]) -> None:
        self.runs += runs


@dataclass
class SmallDelivery:
    """A small platform, with the deployments' part of a delivery on it."""

    platform: SmallPlatform
    voice: RecordingDeliveryVoice = field(default_factory=RecordingDeliveryVoice)
    request: Request = field(default_factory=Request)

    @classmethod
    def on(cls, platform: SmallPlatform, monkeypatch: pytest.MonkeyPatch) -> SmallDelivery:
        """One whose clients ask the platform's own workspaces."""

        def with_client(endpoint: Endpoint, work: Callable[[Client], Awaitable[T]]) -> T:
            return platform.ask(endpoint.environment, work)

        monkeypatch.setattr(running, "with_client", with_client)
        return cls(platform)

    def step(self, verb: Any, environment: str) -> Outcome:
        """One step of the deployments' workflow."""
        state = State(self.platform.project, self.request, StandInForge(), self.voice)
        step = Step("deployments", verb, environment, "changed: hourly")
        return deliver_deployments(state, step)
