"""Whoever is told what a delivery does, while it does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flowlift.delivery.deciding import Decision, Step
from flowlift.deployments.applying import Applied, Watcher
from flowlift.deployments.verifying import RunOutcome
from flowlift.plan.model import Plan


@dataclass(slots=True)
class Teller:
    """What a delivery tells while it runs; each call may print, none decides."""

    decided: Callable[[Decision], None] = lambda decision: None
    begun: Callable[[Step], None] = lambda step: None
    watcher: Callable[[str], Watcher] = lambda environment: Watcher()
    planned: Callable[[Plan], None] = lambda plan: None
    applied: Callable[[str, Applied], None] = lambda environment, result: None
    ran: Callable[[list[RunOutcome]], None] = lambda runs: None
    say: Callable[[str], None] = lambda line: None
