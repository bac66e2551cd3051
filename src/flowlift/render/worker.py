"""A worker as text: what a check has found, what an update has done, how it is doing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from flowlift.findings import Action, Finding, Level
from flowlift.plan.model import Change
from flowlift.render.fields import lines_of
from flowlift.render.screen import Ink
from flowlift.render.terminal import TerminalPage
from flowlift.render.visible import visible
from flowlift.words import duration, plural

if TYPE_CHECKING:
    from flowlift.worker.host.machine import Tool
    from flowlift.worker.model import Part
    from flowlift.worker.report import ReleaseStatus, WorkerCheck, WorkerStatus
    from flowlift.workspace.pools import LiveQueue, LiveWorker

_SIGNS = {Action.CREATE: "+", Action.UPDATE: "~", Action.DELETE: "-", Action.NONE: "="}
_VERBS = {Action.CREATE: "create", Action.UPDATE: "update", Action.NONE: "unchanged"}
_LABEL = 12
_TEMPLATE_TEXT = "values.worker.config.baseJobTemplate.configuration"


def render_check(checked: WorkerCheck, *, colour: bool, width: int) -> str:
    """What an update would do, part by part and field by field, then the findings."""
    page = TerminalPage(Ink(colour), width)
    ink = page.ink
    title = f"Worker of {checked.environment}"
    subjects = [f"work pool {checked.pool}"]
    if checked.release:
        subjects.insert(0, f"release {checked.release} in {checked.namespace}")
    lines = ["  ".join([ink.bold(visible(title)), *(ink.dim(visible(s)) for s in subjects)])]
    if checked.image:
        lines.append(f"  image {visible(checked.image)}  {ink.dim(f'({checked.why_image})')}")
    elif checked.why_image:
        lines.append(ink.dim(f"  no image: {visible(checked.why_image)}"))
    lines += ["", *parts_of(checked.parts, page)]
    lines += [
        f"{ink.yellow('~ restart')} {visible(name)} changed after the worker's pod had read it"
        for name in checked.restart
    ]
    if checked.idle:
        lines.append(f"{ink.yellow('~ await')} the worker: its newest pod does not run")
    found = page.findings(checked.findings)
    lines += ["", *found] if found else []
    lines += [ink.yellow(visible(note)) for note in checked.notes]
    return "\n".join([*lines, "", _closing(checked, ink)]) + "\n"


def render_findings_of(findings: Sequence[Finding], *, colour: bool, width: int) -> str:
    """Findings alone, "" where there are none."""
    lines = TerminalPage(Ink(colour), width).findings(findings)
    return "\n".join(lines) + "\n" if lines else ""


def parts_of(parts: Iterable[Part], page: TerminalPage) -> Iterator[str]:
    """Each part with what differs in it.

    The base job template stands in the values as a text too: its fields are told once, as the
    pool's.
    """
    listed = list(parts)
    told = any(part.kind == "pool" and part.fields for part in listed)
    for part in listed:
        sign = _SIGNS[part.action]
        verb = _VERBS.get(part.action, part.action.value)
        note = f"  {page.ink.dim(f'({visible(part.note)})')}" if part.note else ""
        yield f"{page.inks[sign](f'{sign} {verb}')} {part.kind} {visible(part.name)}{note}"
        fields = [f for f in part.fields if not (told and f.field == _TEMPLATE_TEXT)]
        if len(fields) < len(part.fields):
            yield "    " + page.ink.dim("its base job template: see the work pool")
        change = Change(action=Action.UPDATE, deployment=part.name, fields=tuple(fields))
        for line in lines_of(change):
            yield from page.field(line)


def _closing(checked: WorkerCheck, ink: Ink) -> str:
    errors, warnings = (
        sum(item.level is level for item in checked.findings)
        for level in (Level.ERROR, Level.WARNING)
    )
    if errors:
        return ink.red(f"{plural(errors, 'error')}: an update would write nothing.")
    doubts = f" {plural(warnings, 'warning')}." if warnings else ""
    if checked.notes:
        return ink.yellow(f"Not all was looked at.{doubts}")
    if not checked.differs:
        return ink.green(f"Nothing differs.{doubts}")
    count = sum(part.differs for part in checked.parts) + bool(checked.restart)
    if not count:
        words = "Nothing is to be written, but the worker does not run: flowlift worker"
        return ink.yellow(f"{words} status, or update.{doubts}")
    return ink.bold(f"{plural(count, 'part')} would be written: flowlift worker update.{doubts}")


# Status ----------------------------------------------------------------------------------


def render_status(status: WorkerStatus, *, colour: bool) -> str:
    """How a worker is doing, a fact a line."""
    ink = Ink(colour)
    lines = [ink.bold(f"Worker of {visible(status.environment)}")]
    if status.release is not None:
        lines += _release(status.release, ink)
    if status.pool is not None:
        pool = status.pool
        state = ink.red("paused") if pool.paused else visible(pool.status).lower()
        lines.append(_fact("work pool", f"{visible(pool.name)}  {visible(pool.type)}, {state}"))
        if pool.image:
            lines.append(_fact("image", visible(pool.image)))
        lines.append(_fact("template", pool.template))
    now = status.now
    for worker in status.workers:
        lines.append(_fact("worker", _worker(worker, now, ink)))
    if status.pool is not None and not status.workers:
        lines.append(_fact("worker", ink.red("none has been heard of")))
    for queue in status.queues:
        lines.append(_fact("queue", _queue(queue, now, ink)))
    if status.depth is not None:
        depth = status.depth
        waiting = f"{plural(depth.scheduled, 'run')} scheduled"
        late = f"{depth.late:,} late"
        by = f", by {duration(depth.seconds)} on average" if depth.seconds > 0 else ""
        lines.append(_fact("waiting", f"{waiting}, {ink.red(late) if depth.late else late}{by}"))
    lines += [ink.red(visible(note)) for note in status.notes]
    return "\n".join(lines) + "\n"


def _release(release: ReleaseStatus, ink: Ink) -> Iterator[str]:
    word = visible(release.status)
    shown = ink.green(word) if release.status == "deployed" else ink.red(word)
    name = f"{visible(release.name)} in {visible(release.namespace)}"
    if not release.revision:
        yield _fact("release", f"{name}  {shown}")
        return
    yield _fact(
        "release", f"{name}  {shown}, revision {release.revision}, {visible(release.chart)}"
    )
    if release.pod:
        state = visible(release.pod_state)
        shown = state.lower() if state == "Running" else ink.red(state)
        yield _fact("pod", f"{visible(release.pod)}  {shown}, {visible(release.pod_image)}")


def _worker(worker: LiveWorker, now: datetime | None, ink: Ink) -> str:
    online = worker.status == "ONLINE"
    state = worker.status.lower() or "unknown"
    shown = ink.green(state) if online else ink.dim(state)
    version = f", {visible(worker.version)}" if worker.version else ""
    return f"{visible(worker.name)}  {shown}, heartbeat {_ago(worker.heartbeat, now)}{version}"


def _queue(queue: LiveQueue, now: datetime | None, ink: Ink) -> str:
    state = ink.red("paused") if queue.paused else visible(queue.status).lower()
    limit = f", at most {queue.limit} at once" if queue.limit is not None else ""
    late = f", {ink.red(f'{queue.late} late')}" if queue.late else ""
    return f"{visible(queue.name)}  {state}, polled {_ago(queue.polled, now)}{limit}{late}"


def _ago(moment: datetime | None, now: datetime | None) -> str:
    if moment is None:
        return "never"
    if now is None:
        return f"at {moment:%Y-%m-%d %H:%M:%S} UTC"
    return f"{duration(max((now - moment).total_seconds(), 0.0))} ago"


def _fact(label: str, text: str) -> str:
    return f"  {label:<{_LABEL}}{text}"


# Host ------------------------------------------------------------------------------------

_STATES = {
    "right": "as pinned",
    "missing": "not installed, {pinned} is pinned",
    "older": "older than the pinned {pinned}",
    "newer": "newer than the pinned {pinned}",
    "altered": "not the file that was released",
    "idle": "as pinned, but not running",
    "unknown": "of no known version, {pinned} is pinned",
}


def render_host(tools: Sequence[Tool], unfit: Sequence[str]) -> str:
    """What a machine has of what it should have, and why it will not do."""
    lines = []
    for tool in tools:
        state = _STATES[tool.state].format(pinned=tool.pinned)
        why = f" ({visible(tool.why)})" if tool.why else ""
        found = f"{visible(tool.found)}: " if tool.found else ""
        lines.append(f"{tool.name:<5} {found}{state}{why}")
    lines += [f"This machine will not do: {visible(reason)}." for reason in unfit]
    return "\n".join(lines) + "\n"
