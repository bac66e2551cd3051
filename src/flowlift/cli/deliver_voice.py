"""What `deliver` shows while it runs, and how it ends.

With `--json` all that a person reads goes to standard error, and standard output has the result.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from typing import Any

import click

from flowlift.cli import session
from flowlift.cli.apply_voice import ApplyVoice
from flowlift.delivery.annotations import annotate
from flowlift.delivery.deciding import Decision, Step
from flowlift.delivery.deliver import Delivered
from flowlift.delivery.outcome import Outcome
from flowlift.delivery.voice import DeliveryVoice
from flowlift.deployments.applying import Applied
from flowlift.deployments.verifying import RunOutcome
from flowlift.findings import Finding
from flowlift.render.data import plan_json
from flowlift.render.outcome import render_runs
from flowlift.render.progress import Progress
from flowlift.render.visible import visible
from flowlift.render.wording import place


class DeliverVoice(ApplyVoice, DeliveryVoice):
    """What a person sees of a delivery. With `as_json`, standard output stays for the result."""

    def __init__(self, environ: Mapping[str, str], *, as_json: bool) -> None:
        super().__init__()
        self._prints_json = as_json
        self._annotates = environ.get("GITHUB_ACTIONS") == "true" and bool(environ.get("CI"))

    @contextmanager
    def running(self) -> Iterator[None]:
        """While the delivery runs: its output is data, of which no CI's runner obeys a line."""
        word = secrets.token_hex(16) if self._annotates else ""
        with redirect_stdout(sys.stderr) if self._prints_json else nullcontext():
            if word:
                session.say(f"::stop-commands::{word}")
            try:
                yield
            finally:
                if word:
                    session.say(f"::{word}::")

    def decided(self, decision: Decision) -> None:
        """Print what each workflow will do, and why."""
        click.echo(f"{decision.event.stage.value}: {visible(decision.event.why)}")
        for step in decision.steps:
            click.echo(f"  {_headline(step)} ({visible(step.why)})")
        for workflow, why in decision.left.items():
            click.echo(f"  {workflow}: nothing ({visible(why)})")

    def begun(self, step: Step) -> None:
        """Print it, as a headline."""
        self.progress = Progress()
        session.say(f"\n{_headline(step)}")

    def found(self, findings: Sequence[Finding]) -> None:
        """Print each as a line."""
        for finding in findings:
            where = place(finding.file, finding.line)
            self.say(f"{finding.level.value}: {where}: {visible(finding.message)}")

    def applied(self, result: Applied) -> None:
        """Print how it ended."""
        self.conclude(result)

    def ran(self, runs: Sequence[RunOutcome]) -> None:
        """Print the runs as a table."""
        session.show(
            lambda on: render_runs(runs, colour=on.colour, width=on.width, unicode=on.unicode)
        )

    def close(self, done: Delivered) -> int:
        """Say how it ended; the exit code.

        Raises:
            FlowliftError: what ended it.
        """
        if self._annotates:
            for line in annotate(done.outcomes):
                session.say(line)
        if self._prints_json:
            session.print_json(_document(done))
        for why in done.published.undone:
            lines = "\n".join(visible(line) for line in why.splitlines())
            session.say(f"Note: not written: {lines}")
        for step in done.not_begun:
            session.say(f"Not begun: {step.workflow} {step.verb} {step.environment}".rstrip())
        if done.published.comment:
            session.say(f"Comment: {visible(done.published.comment)}")
        if done.error is not None:
            raise done.error
        return done.code


def _headline(step: Step) -> str:
    return f"{step.workflow}: {step.verb} {step.environment}".rstrip()


def _document(done: Delivered) -> dict[str, Any]:
    """The result as data."""
    return {
        "stage": done.decision.event.stage.value,
        "why": done.decision.event.why,
        "decision": done.decision.steps,
        "left": dict(done.decision.left),
        "steps": [_outcome(outcome) for outcome in done.outcomes],
        "not_begun": done.not_begun,
        "outputs": done.published.outputs,
        "pull_request": done.published.pull_request,
        "comment": done.published.comment,
        "undone": done.published.undone,
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        **session.plain(outcome.step),
        "code": outcome.code,
        "written": list(outcome.written),
        "plan": json.loads(plan_json(outcome.plan)) if outcome.plan is not None else None,
        **outcome.data,
    }
