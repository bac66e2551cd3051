"""Apply: the plan that was shown is written, under the environment's lock, or nothing is."""

from __future__ import annotations

from dataclasses import dataclass, field

from flowlift.deployments.admission import admit, refuse_older
from flowlift.deployments.building import run_builds
from flowlift.deployments.planning import decide
from flowlift.deployments.reading import Reading, read
from flowlift.deployments.scope import Options
from flowlift.errors import FindingsError, InputError, StalePlanError
from flowlift.findings import Action
from flowlift.plan.model import Plan
from flowlift.project.project import Project
from flowlift.voice import Voice
from flowlift.words import listed
from flowlift.workspace.client import Client
from flowlift.workspace.live import read_live
from flowlift.workspace.lock import Lock
from flowlift.workspace.write import Written, write


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply has done. `confirmed` is False where a person said no."""

    plan: Plan
    written: Written = field(default_factory=Written)
    confirmed: bool = True

    @property
    def complete(self) -> bool:
        """Whether everything that was planned is written."""
        return not self.written.failed and not self.written.left


@dataclass(frozen=True, slots=True)
class ApplyOrder:
    """What is to be applied: to which environment, with which options, from which saved plan."""

    environment: str
    options: Options = field(default_factory=Options)
    saved: Plan | None = None
    returning: bool = False
    lock_wait: float = 300.0
    """Seconds to wait for another writer."""


async def apply(project: Project, order: ApplyOrder, client: Client, voice: Voice) -> Applied:
    """Plan, check, and write what differs. What could not be written is in the result.

    Raises:
        FindingsError: the plan has errors; nothing was written.
        InputError: the commit may not be applied there; nothing was written.
        StalePlanError: the saved plan is not what would be done now; nothing was written.
        LockedError: another writer did not finish in time; nothing was written.
    """
    admit(project, order.environment)
    reading = await _read(project, order, client)
    plan = decide(project, reading)
    if order.saved is not None:
        check_saved(order.saved, plan)
    voice.planned(plan)
    if plan.errors:
        raise FindingsError("")
    if not plan.writes and not _has_steps(reading):
        return Applied(plan)
    if not voice.confirm(plan):
        return Applied(plan, confirmed=False)
    lock = Lock(
        client,
        repository=project.name,
        holder=project.context.run or None,
        wait=order.lock_wait,
        voice=voice,
    )
    async with lock:
        if await _has_moved(client, plan):
            # Somebody else wrote while we waited: what is right now is planned from what is live.
            if order.saved is not None:
                raise StalePlanError(
                    "The workspace changed after the plan was saved.",
                    remedy="Plan again and look at it before you apply.",
                )
            reading = await _read(project, order, client)
            plan = decide(project, reading)
            voice.planned(plan)
        if _has_steps(reading) and not plan.errors:
            outputs = await run_builds(project, reading, client.endpoint, voice)
            plan = decide(project, reading, outputs)
            if plan.errors:
                voice.planned(plan)
        if plan.errors:
            raise FindingsError("")
        written = await write(client, plan.writes, voice, still_ours=lock.check)
    return Applied(plan, written)


def check_saved(saved: Plan, fresh: Plan) -> None:
    """Refuse a saved plan that is not, to the letter, what would be done now.

    Raises:
        StalePlanError: something differs; the message says what.
    """
    if saved.environment != fresh.environment:
        raise InputError(
            f"The saved plan is for {saved.environment!r}, not for {fresh.environment!r}.",
            remedy=f"flowlift apply {saved.environment} PLAN.json",
        )
    remedy = "Plan again and look at it before you apply."
    if saved.provenance.commit != fresh.provenance.commit:
        raise StalePlanError(
            f"The saved plan is for commit {saved.provenance.commit[:8]}, this is"
            f" {fresh.provenance.commit[:8]}.",
            remedy=remedy,
        )
    if saved.provenance.branch != fresh.provenance.branch:
        raise StalePlanError(
            f"The saved plan is for branch {saved.provenance.branch!r}, this is"
            f" {fresh.provenance.branch!r}.",
            remedy=remedy,
        )
    before = {change.deployment: change.fingerprint for change in saved.writes}
    after = {change.deployment: change.fingerprint for change in fresh.writes}
    moved = sorted(
        name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
    )
    if moved:
        raise StalePlanError(f"The saved plan is stale for {listed(moved, 3)}.", remedy=remedy)


async def _read(project: Project, order: ApplyOrder, client: Client) -> Reading:
    returning = order.returning
    reading = await read(project, order.environment, order.options, client, returning=returning)
    refuse_older(project, reading)
    return reading


def _has_steps(reading: Reading) -> bool:
    """Whether a deployment in scope has build or push steps, which only a run can tell of."""
    return any(
        resolution.desired.declared.build or resolution.desired.declared.push
        for resolution in reading.resolutions.values()
    )


async def _has_moved(client: Client, plan: Plan) -> bool:
    """Whether one of the deployments to write is no longer as it was read."""
    if not plan.writes:
        return False
    names = {change.deployment.partition("/")[2] for change in plan.writes}
    live = await read_live(client, names=names)
    for change in plan.writes:
        now = live.get(change.deployment)
        if change.action is Action.CREATE and now is not None:
            return True
        if change.live is not None and (
            now is None
            or (now.body, now.schedules, dict(now.labels))
            != (change.live.body, change.live.schedules, dict(change.live.labels))
        ):
            return True
    return False
