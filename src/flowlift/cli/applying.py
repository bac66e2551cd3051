"""What `apply` and `sync` show while they run, and how they end."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field

import click

from flowlift.cli import session
from flowlift.cli.boundary import INTERRUPTED
from flowlift.cli.plan import show
from flowlift.deployments.applying import Applied, Watcher
from flowlift.errors import InputError
from flowlift.findings import Action
from flowlift.plan.model import Change, Plan
from flowlift.render.data import plan_json
from flowlift.render.outcome import Partial, StepShown, applied, change_done, partly_applied
from flowlift.render.progress import Progress
from flowlift.render.screen import screen_of


@dataclass
class Shown:
    """What a person sees of an apply. With `as_json`, standard output stays for the result."""

    environment: str
    as_json: bool
    ask: bool
    progress: Progress = field(default_factory=Progress)
    begun: float = 0.0
    total: int = 0
    done: int = 0

    def planned(self, plan: Plan) -> None:
        """Show the plan, which may come twice: it is made anew if somebody else wrote.

        As data it comes with the result, or now, where its errors leave nothing to be done.
        """
        self.total = len(plan.writes)
        if not self.as_json:
            show(plan)
        elif plan.errors:
            click.echo(_document(Applied(plan)))

    def confirm(self, plan: Plan) -> bool:
        """Ask, where somebody can answer.

        Raises:
            InputError: nobody can be asked.
        """
        self.begun = time.monotonic()
        if not self.ask:
            return True
        if not session.on_terminal():
            raise InputError(
                f"Nobody can be asked whether to apply this to {self.environment}.",
                remedy="Say --yes, as in CI, or give a saved plan.",
            )
        said = click.confirm(f"\nApply this to {self.environment}?", default=False)
        self.begun = time.monotonic()
        return said

    def waiting(self, holder: str) -> None:
        """Say who is writing now."""
        self.progress.step(f"waiting for {holder}, who is writing to {self.environment}")

    def building(self, step: str) -> None:
        """Say which step runs now."""
        self.progress.step(f"building: {step}")

    def written(self, change: Change, seconds: float) -> None:
        """Tell of a change that is done."""
        screen = screen_of(sys.stderr if self.as_json else sys.stdout)
        line = change_done(
            change.action,
            change.deployment,
            seconds,
            colour=screen.colour,
            unicode=screen.unicode,
        )
        self.done += 1
        with self.progress.above():
            click.echo(line, err=self.as_json)
        self.progress.advance(self.done, self.total)

    def watcher(self) -> Watcher:
        """The calls that an apply makes."""
        return Watcher(
            planned=self.planned,
            confirm=self.confirm,
            waiting=self.waiting,
            building=self.building,
            done=self.written,
        )

    def conclude(self, result: Applied) -> int:
        """Say how it ended; the exit code."""
        self.progress.__exit__(None, None, None)
        if self.as_json:
            click.echo(_document(result))
        if not result.confirmed:
            session.say("Nothing was written.")
            return 1
        if not result.complete:
            screen = screen_of(sys.stderr)
            text = partly_applied(self._partial(result), colour=screen.colour, width=screen.width)
            click.echo(text, nl=False, err=True)
            return INTERRUPTED if result.written.interrupted else 1
        if result.written.done and not self.as_json:
            actions = [change.action for change in result.written.done]
            unchanged = result.plan.count(Action.NONE)
            seconds = time.monotonic() - self.begun
            click.echo(applied(self.environment, seconds, actions, unchanged))
        return 0

    def _partial(self, result: Applied) -> Partial:
        written = result.written
        why = written.why
        return Partial(
            self.environment,
            time.monotonic() - self.begun,
            done=[StepShown(change.action, change.deployment) for change in written.done],
            failed=[
                StepShown(change.action, change.deployment, why) for change, why in written.failed
            ],
            left=[StepShown(change.action, change.deployment, why) for change in written.left],
        )


def _document(result: Applied) -> str:
    """The result as data: the plan, and what was done of it."""
    written = result.written
    return json.dumps(
        {
            "plan": json.loads(plan_json(result.plan)),
            "done": [change.deployment for change in written.done],
            "failed": [
                {"deployment": change.deployment, "why": why} for change, why in written.failed
            ],
            "left": [change.deployment for change in written.left],
        },
        indent=2,
    )
