"""Verify: what was applied is run, and its end awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from flowlift.config import Verify
from flowlift.errors import AnswerError, InputError
from flowlift.findings import Json
from flowlift.plan import stamps
from flowlift.plan.model import Live
from flowlift.project.project import Project
from flowlift.voice import SILENT, Voice
from flowlift.workspace.client import Client
from flowlift.workspace.clock import loop_time
from flowlift.workspace.live import read_live
from flowlift.workspace.runs import (
    FlowRun,
    Poll,
    cancel_run,
    completed,
    last_logs,
    start_run,
    watch_runs,
    who_polls,
)

LOG_LINES = 20
_AT = "flowlift-at-"
"""Begins the tag of a test run that says at which commit it was started."""
LOG_LOOKS, LOG_PAUSE = 8, 0.5
"""How often, and after how many seconds again, the log is asked for until it tells the error."""
_WELL = {"completed", "cached"}


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How the test run of a deployment ended.

    `state` is the name of the run's state as Prefect has it ("Completed", "TimedOut", "Late").
    `seconds` is how long it ran, None where it never started. `message` says what went wrong.
    `log_lines` are the last of the run's log, oldest first. `url` leads to the run in the UI.
    """

    deployment: str
    state: str
    seconds: float | None = None
    url: str = ""
    message: str = ""
    log_lines: tuple[str, ...] = ()

    @property
    def well(self) -> bool:
        """Whether the run did what it should."""
        return self.state.casefold() in _WELL


@dataclass(slots=True)
class _Tests:
    """The test runs under way: by run id the deployment, and how those that are over ended."""

    client: Client
    settings: Verify
    voice: Voice
    tag: str
    begun: float = field(default_factory=loop_time)
    running: dict[str, Live] = field(default_factory=dict)
    outcomes: dict[str, RunOutcome] = field(default_factory=dict)

    def url(self, run_id: str) -> str:
        return self.client.endpoint.flow_run_url(run_id)

    def over(self, run_id: str, outcome: RunOutcome) -> None:
        self.outcomes[outcome.deployment] = outcome
        self.running.pop(run_id, None)
        total = len(self.outcomes) + len(self.running)
        self.voice.advance(len(self.outcomes), total, outcome.deployment)


async def verify(
    project: Project,
    environment: str,
    names: tuple[str, ...],
    client: Client,
    voice: Voice = SILENT,
    *,
    unproven: bool = False,
) -> list[RunOutcome]:
    """Run what this branch has in the environment, or what `names` say of it; how each run ended.

    With `unproven`, what has run well at this commit, as it is configured now, is not run again.

    A run that does not start, or does not end, in the time that the configuration gives is
    cancelled, so that nothing is left behind. `voice` is told the progress.

    Raises:
        InputError: nothing of this branch is in the environment.
    """
    found = await _applied(project, environment, names, client)
    tag = f"{_AT}{project.commit[:12]}"
    if unproven:
        done = await completed(client, [live.id for live in found], tag)
        proven = {(key, labels.get(stamps.APPLIED)) for key, labels in done}
        found = [one for one in found if (one.id, one.labels.get(stamps.APPLIED)) not in proven]
    tests = _Tests(client, project.settings.verify, voice, tag)
    voice.advance(0, len(found))
    try:
        await asyncio.gather(*(_start(tests, live) for live in found))
        if tests.running:
            await _watch(tests)
    finally:
        # Also when interrupted: a test run that nobody waits for is of no use.
        for run_id in list(tests.running):
            await cancel_run(client, run_id, "flowlift verify was interrupted")
    return [tests.outcomes[key] for key in sorted(tests.outcomes)]


async def _applied(
    project: Project, environment: str, names: tuple[str, ...], client: Client
) -> list[Live]:
    """The deployments that were written from this branch, or from this commit of the default one.

    Raises:
        InputError: there are none.
    """
    policy = project.policy(environment)
    tag = None if policy.on_default_branch else policy.branch
    live = await read_live(client, tag=tag)
    ours = [
        item
        for item in live.values()
        if stamps.owner(item) == project.name and stamps.branch(item) == policy.branch
    ]
    if policy.on_default_branch and not names:
        ours = [item for item in ours if item.labels.get(stamps.COMMIT) == project.commit]
    chosen = [
        item
        for item in ours
        if not names or any(fnmatchcase(item.key, n) or fnmatchcase(item.name, n) for n in names)
    ]
    if not chosen:
        what = f"branch {policy.branch!r}"
        if policy.on_default_branch:
            what += f" at {project.commit[:8]}"
        raise InputError(
            f"{environment} has nothing of {what}" + (" with that name." if names else "."),
            remedy=f"Apply first: flowlift apply {environment}. Or name deployments: -n NAME.",
        )
    skip = project.settings.verify.skip
    return sorted(
        (item for item in chosen if not any(fnmatchcase(item.key, s) for s in skip)),
        key=lambda item: item.key,
    )


async def _start(tests: _Tests, live: Live) -> None:
    parameters = _parameters(tests.settings, live.key)
    try:
        run = await start_run(tests.client, live.id, parameters=parameters, tags=(tests.tag,))
    except AnswerError as error:
        outcome = RunOutcome(live.key, "Refused", message=error.message)
        tests.over("", outcome)
        return
    tests.running[run.id] = live


def _parameters(settings: Verify, key: str) -> Mapping[str, Json]:
    """The parameters of a test run: of all matching patterns, the later over the earlier."""
    merged: dict[str, Json] = {}
    for pattern, parameters in settings.parameters.items():
        if fnmatchcase(key, pattern):
            merged.update(parameters)
    return merged


async def _watch(tests: _Tests) -> None:
    async for runs in watch_runs(tests.client, set(tests.running)):
        waited = loop_time() - tests.begun
        for run_id, live in list(tests.running.items()):
            run = runs.get(run_id)
            if run is None:
                tests.over(run_id, RunOutcome(live.key, "Deleted", message="The run is gone."))
            elif run.ended:
                tests.over(run_id, await _ended(tests, live, run))
            elif not run.started and waited > tests.settings.start_timeout:
                tests.over(run_id, await _not_started(tests, live, run))
            elif waited > tests.settings.timeout:
                tests.over(run_id, await _too_long(tests, live, run))
        tests.voice.advance(len(tests.outcomes), len(tests.outcomes) + len(tests.running))
        if not tests.running:
            return


async def _ended(tests: _Tests, live: Live, run: FlowRun) -> RunOutcome:
    lines: tuple[str, ...] = ()
    if not run.succeeded:
        lines = await _log(tests.client, run.id)
    return RunOutcome(
        live.key,
        run.state,
        run.seconds if run.started else None,
        tests.url(run.id),
        "" if run.succeeded else run.message,
        lines,
    )


async def _not_started(tests: _Tests, live: Live, run: FlowRun) -> RunOutcome:
    seconds = tests.settings.start_timeout
    await cancel_run(tests.client, run.id, f"not started within {seconds:g} s of flowlift verify")
    poll = await who_polls(tests.client, run.work_pool, run.work_queue) if run.work_pool else None
    return RunOutcome(
        live.key,
        "NotStarted",
        None,
        tests.url(run.id),
        f"Not started within {seconds:g} s: {_why_not(poll)}",
    )


def _why_not(poll: Poll | None) -> str:
    if poll is None:
        return "the deployment has no work pool."
    if not poll.exists:
        return f"there is no work pool {poll.pool!r}."
    if poll.paused or poll.queue_paused:
        return f"work pool {poll.pool!r} or its queue is paused."
    if poll.needs_worker and not poll.workers:
        return (
            f"no worker polls work pool {poll.pool!r}. Start one: prefect worker start"
            f" --pool {poll.pool}"
        )
    return f"work pool {poll.pool!r} is polled, but has not started it: is its limit reached?"


async def _too_long(tests: _Tests, live: Live, run: FlowRun) -> RunOutcome:
    seconds = tests.settings.timeout
    await cancel_run(tests.client, run.id, f"not ended within {seconds:g} s of flowlift verify")
    lines = await _log(tests.client, run.id)
    return RunOutcome(
        live.key,
        "TimedOut",
        run.seconds,
        tests.url(run.id),
        f"Not ended within {seconds:g} s.",
        lines,
    )


async def _log(client: Client, run_id: str) -> tuple[str, ...]:
    """The last lines of a failed run's log, which reach the server some moments after its end."""
    for _ in range(LOG_LOOKS):
        logs = await last_logs(client, run_id, LOG_LINES)
        if any(line.level in {"ERROR", "CRITICAL"} for line in logs):
            break
        await asyncio.sleep(LOG_PAUSE)
    return tuple(f"{line.level:<8} {line.message}" for line in logs)
