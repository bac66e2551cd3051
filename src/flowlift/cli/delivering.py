"""What `deliver` shows while it runs, and how it ends.

With `--json` all that a person reads goes to standard error, and standard output has the result.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import asdict, dataclass, field
from typing import Any

import click

from flowlift.cli import session
from flowlift.cli.applying import Shown
from flowlift.cli.plan import show
from flowlift.delivery.annotations import annotate
from flowlift.delivery.deciding import Decision, Step
from flowlift.delivery.deliver import Delivered
from flowlift.delivery.outcome import Outcome
from flowlift.delivery.teller import Teller
from flowlift.deployments.applying import Applied, Watcher
from flowlift.deployments.verifying import RunOutcome
from flowlift.render.data import plan_json
from flowlift.render.outcome import render_runs
from flowlift.render.screen import screen_of
from flowlift.render.visible import visible


@dataclass
class Told:
    """What a person sees of a delivery. With `as_json`, standard output stays for the result."""

    environ: Mapping[str, str]
    as_json: bool
    shown: dict[str, Shown] = field(default_factory=dict)

    @property
    def _annotates(self) -> bool:
        return self.environ.get("GITHUB_ACTIONS") == "true" and bool(self.environ.get("CI"))

    @contextmanager
    def running(self) -> Iterator[None]:
        """While the delivery runs: its output is data, of which no CI's runner obeys a line."""
        word = secrets.token_hex(16) if self._annotates else ""
        with redirect_stdout(sys.stderr) if self.as_json else nullcontext():
            if word:
                session.say(f"::stop-commands::{word}")
            try:
                yield
            finally:
                if word:
                    session.say(f"::{word}::")

    def teller(self) -> Teller:
        """The calls that a delivery makes."""
        return Teller(
            decided=self._decided,
            begun=self._begun,
            watcher=self._watcher,
            planned=show,
            applied=self._applied,
            ran=self._ran,
            say=session.say,
        )

    def _decided(self, decision: Decision) -> None:
        click.echo(f"{decision.event.stage.value}: {visible(decision.event.why)}")
        for step in decision.steps:
            where = f" {step.environment}" if step.environment else ""
            click.echo(f"  {step.workflow}: {step.verb}{where} ({visible(step.why)})")
        for workflow, why in decision.left.items():
            click.echo(f"  {workflow}: nothing ({visible(why)})")

    def _begun(self, step: Step) -> None:
        where = f" {step.environment}" if step.environment else ""
        session.say(f"\n{step.workflow}: {step.verb}{where}")

    def _watcher(self, environment: str) -> Watcher:
        shown = self.shown[environment] = Shown(environment, as_json=False, ask=False)
        return shown.watcher()

    def _applied(self, environment: str, result: Applied) -> None:
        self.shown[environment].conclude(result)

    def _ran(self, runs: list[RunOutcome]) -> None:
        screen = screen_of(sys.stdout)
        text = render_runs(runs, colour=screen.colour, width=screen.width, unicode=screen.unicode)
        click.echo(text, nl=False, color=screen.colour)

    def conclude(self, done: Delivered) -> int:
        """Say how it ended; the exit code.

        Raises:
            FlowliftError: what ended it.
        """
        if self._annotates:
            for line in annotate(done.outcomes):
                session.say(line)
        if self.as_json:
            click.echo(json.dumps(_document(done), indent=2))
        for why in done.published.undone:
            session.say(f"Note: not written: {visible_lines(why)}")
        for step in done.not_begun:
            session.say(f"Not begun: {step.workflow} {step.verb} {step.environment}".rstrip())
        if done.published.comment:
            session.say(f"Comment: {visible(done.published.comment)}")
        if done.error is not None:
            raise done.error
        return done.code


def visible_lines(text: str) -> str:
    """Several lines of others, none of which a terminal obeys."""
    return "\n".join(visible(line) for line in text.splitlines())


def _document(done: Delivered) -> dict[str, Any]:
    """The result as data."""
    return {
        "stage": done.decision.event.stage.value,
        "why": done.decision.event.why,
        "decision": [asdict(step) for step in done.decision.steps],
        "left": dict(done.decision.left),
        "steps": [_outcome(outcome) for outcome in done.outcomes],
        "not_begun": [asdict(step) for step in done.not_begun],
        "outputs": done.published.outputs,
        "pull_request": done.published.pull_request,
        "comment": done.published.comment,
        "undone": done.published.undone,
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        **asdict(outcome.step),
        "code": outcome.code,
        "written": list(outcome.written),
        "plan": json.loads(plan_json(outcome.plan)) if outcome.plan is not None else None,
        **outcome.data,
    }
