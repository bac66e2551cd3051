"""What `apply` and `sync` show while they run, and how they end."""

from __future__ import annotations

import json
import sys
import time

import click

from flowlift.cli import session
from flowlift.cli.boundary import INTERRUPTED
from flowlift.cli.plan import show
from flowlift.cli.voice import TerminalVoice
from flowlift.deployments.applying import Applied
from flowlift.errors import InputError
from flowlift.findings import Json
from flowlift.plan.model import Change, Plan
from flowlift.render.data import plan_json
from flowlift.render.outcome import applied, change_done, partly_applied
from flowlift.render.screen import screen_of


class ApplyVoice(TerminalVoice):
    """What a person sees of an apply. With `as_json`, standard output stays for the result."""

    def __init__(self, *, as_json: bool = False, ask: bool = False) -> None:
        super().__init__()
        self.as_json, self.ask = as_json, ask
        self._environment, self._total, self._done = "", 0, 0
        self._since = 0.0

    def planned(self, plan: Plan) -> None:
        """Show the plan. As data it comes with the result, or now, where its errors leave nothing
        to be done.
        """
        self._environment, self._total, self._done = plan.environment, len(plan.writes), 0
        if not self.as_json:
            show(plan)
        elif plan.errors:
            session.print_json(_document(Applied(plan)))

    def confirm(self, plan: Plan) -> bool:
        """Ask, where somebody can answer.

        Raises:
            InputError: nobody can be asked.
        """
        self._since = time.monotonic()
        if not self.ask:
            return True
        if not session.on_terminal():
            raise InputError(
                f"Nobody can be asked whether to apply this to {plan.environment}.",
                remedy="Say --yes, as in CI, or give a saved plan.",
            )
        said = click.confirm(f"\nApply this to {plan.environment}?", default=False)
        self._since = time.monotonic()
        return said

    def waiting(self, holder: str) -> None:
        """Show who is writing now."""
        self.step(f"waiting for {holder}, who is writing to {self._environment}")

    def written(self, change: Change, seconds: float) -> None:
        """Print the change, and how far it is."""
        screen = screen_of(sys.stderr if self.as_json else sys.stdout)
        line = change_done(change, seconds, colour=screen.colour, unicode=screen.unicode)
        self._done += 1
        with self.progress.above():
            click.echo(line, err=self.as_json)
        self.advance(self._done, self._total)

    def conclude(self, result: Applied) -> int:
        """Say how it ended; the exit code."""
        written, seconds = result.written, time.monotonic() - self._since
        self.progress.__exit__(None, None, None)
        if self.as_json:
            session.print_json(_document(result))
        if not result.confirmed:
            session.say("Nothing was written.")
            return 1
        if not result.complete:
            screen = screen_of(sys.stderr)
            text = partly_applied(result, seconds, colour=screen.colour, width=screen.width)
            click.echo(text, nl=False, err=True)
            return INTERRUPTED if written.interrupted else 1
        if written.done and not self.as_json:
            click.echo(applied(result, seconds))
        return 0


def _document(result: Applied) -> dict[str, Json]:
    """The result as data: the plan, and what was done of it."""
    written = result.written
    return {
        "plan": json.loads(plan_json(result.plan)),
        "done": [change.deployment for change in written.done],
        "failed": [{"deployment": change.deployment, "why": why} for change, why in written.failed],
        "left": [change.deployment for change in written.left],
    }
