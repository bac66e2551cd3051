"""The worker's part of a delivery: an environment's workers, and the pools that run the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowlift.delivery.deciding import Step
from flowlift.delivery.outcome import Outcome, State, failed, said
from flowlift.delivery.voice import Noting
from flowlift.errors import FlowliftError, WorkerError
from flowlift.image.access import Access
from flowlift.image.pools import hand_to_pools
from flowlift.image.reference import parse
from flowlift.voice import Voice
from flowlift.words import duration

if TYPE_CHECKING:
    from flowlift.worker.update import Updated


def deliver_worker(state: State, step: Step) -> Outcome:
    """Bring an environment's workers to what is declared, and its pools to the image."""
    voice = Noting(state.voice)
    try:
        facts = _host(state, step.environment)
        facts += _workers(state, step, voice)
        facts += _pools(state, step.environment)
    except FlowliftError as error:
        return failed(step, error, voice.findings)
    pinned = str(parse(state.image)) if state.image else ""
    lead = f"Starts flow runs with `{pinned}`." if pinned else "As its files say."
    news = any(changed for _, changed in facts)
    lines = [fact for fact, _ in facts]
    return said(step, lead, lines, quiet=not news, findings=voice.findings, image=pinned)


def _host(state: State, environment: str) -> list[tuple[str, bool]]:
    """Bring the machine to the pinned tools, where any are pinned; this job runs on it.

    Raises:
        WorkerError: it will not do, or something could not be installed.
    """
    workers = state.project.settings.workers_of(environment)
    if not any(worker.host.k3s or worker.host.helm for worker in workers):
        return []
    from flowlift.worker.host.bring import bring_host

    report = bring_host(state.project, environment, state.voice)
    if not report.right:
        amiss = [
            f"{tool.name} {tool.found or 'missing'}" for tool in report.tools if not tool.right
        ]
        raise WorkerError(
            f"The machine of {environment} will not do: {'; '.join([*report.unfit, *amiss])}.",
            remedy=f"See there: flowlift worker host {environment} --check",
        )
    installed = set(report.installed)
    return [
        (
            f"{tool.name} '{tool.pinned}': {'installed' if tool.name in installed else 'there'}",
            tool.name in installed,
        )
        for tool in report.tools
    ]


def _workers(state: State, step: Step, voice: Voice) -> list[tuple[str, bool]]:
    """Update the workers; what was done to each, and whether that was anything."""
    if not state.project.settings.workers_of(step.environment):
        return []
    from flowlift.worker.update import UpdateOrder, update_worker

    order = UpdateOrder(image=state.image or None)
    done = update_worker(state.project, step.environment, order, voice)
    return [(_told(updated), updated.changed) for updated in done]


def _told(updated: Updated) -> str:
    if not updated.changed:
        return f"work pool '{updated.pool}': as it should be"
    parts = ", ".join(f"{part.kind} '{part.name}'" for part in updated.parts if part.differs)
    took = f"in {duration(updated.seconds)}"
    proof = f"; the worker '{updated.worker}' works" if updated.worker else ""
    return f"work pool '{updated.pool}': updated {parts} {took}{proof}"


def _pools(state: State, environment: str) -> list[tuple[str, bool]]:
    """Hand the image to the pools that are configured for it, besides those of workers."""
    image = state.project.settings.image
    if not state.image or image is None or not image.pools.get(environment):
        return []
    handed = hand_to_pools(Access(state.project, state.voice), environment, str(parse(state.image)))
    words = {True: "starts with the image now", False: "has the image already"}
    return [(f"work pool '{done.pool}': {words[done.written]}", done.written) for done in handed]
