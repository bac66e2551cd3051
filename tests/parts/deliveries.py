"""A delivery in memory: what it is told to do, and whoever it tells."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from flowlift.delivery import deliver_deployments as module
from flowlift.delivery.deciding import Request, Step
from flowlift.delivery.outcome import Outcome, State
from flowlift.delivery.teller import Teller
from flowlift.deployments.applying import Applied
from flowlift.deployments.verifying import RunOutcome
from flowlift.plan.model import Plan
from flowlift.workspace.client import Client
from flowlift.workspace.endpoint import Endpoint
from tests.parts.small_platform import Heard, SmallPlatform
from tests.parts.standin_forge import StandInForge

T = TypeVar("T")


@dataclass
class HeardDelivery:
    """Whoever is told what a delivery does: all that it was told."""

    decided: list[Any] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)
    planned: list[Plan] = field(default_factory=list)
    applied: list[str] = field(default_factory=list)
    ran: list[RunOutcome] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    heard: Heard = field(default_factory=Heard)

    def teller(self) -> Teller:
        """The calls that a delivery makes."""
        return Teller(
            decided=self.decided.append,
            begun=lambda step: self.begun.append(f"{step.workflow} {step.verb} {step.environment}"),
            watcher=lambda environment: self.heard.watcher(),
            planned=self.planned.append,
            applied=self._applied,
            ran=self.ran.extend,
            say=self.said.append,
        )

    def _applied(self, environment: str, result: Applied) -> None:
        self.applied.append(environment)


@dataclass
class SmallDelivery:
    """A small platform, with the deployments' part of a delivery on it."""

    platform: SmallPlatform
    heard: HeardDelivery = field(default_factory=HeardDelivery)
    request: Request = field(default_factory=Request)

    @classmethod
    def on(cls, platform: SmallPlatform, monkeypatch: pytest.MonkeyPatch) -> SmallDelivery:
        """One whose clients ask the platform's own workspaces."""

        def with_client(endpoint: Endpoint, work: Callable[[Client], Awaitable[T]]) -> T:
            return platform.ask(endpoint.environment, work)

        monkeypatch.setattr(module, "with_client", with_client)
        return cls(platform)

    def step(self, verb: Any, environment: str) -> Outcome:
        """One step of the deployments' workflow."""
        state = State(self.platform.project, self.request, StandInForge(), self.heard.said.append)
        step = Step("deployments", verb, environment, "changed: hourly")
        return module.deliver_deployments(state, step, self.heard.teller())
