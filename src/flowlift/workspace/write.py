"""The only writer: brings a workspace to what a plan says, change by change.

As many changes are under way as the server takes (see `pace`). After a failure, an interruption or
a lost lock nothing more is begun; what is under way is finished, and the result says all three:
what was done, what failed, what was left.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flowlift.errors import FlowliftError
from flowlift.findings import Action, Json
from flowlift.plan.mask import HIDDEN, mask
from flowlift.plan.model import Change
from flowlift.voice import SILENT, Voice
from flowlift.workspace.client import Client
from flowlift.workspace.delete import remove
from flowlift.workspace.upsert import Putter

Outcome = Sequence[tuple[Change, "str | None"]]
"""Changes with the reason why each failed, None where it was done."""

BULK = 50
"""How many deployments a server deletes in one request at most."""


@dataclass(slots=True)
class Written:
    """What a write did. `why` says why changes were left, "" where none were.

    `interrupted` says that it ended by Ctrl-C, or because its task was cancelled.
    """

    done: list[Change] = field(default_factory=list)
    failed: list[tuple[Change, str]] = field(default_factory=list)
    left: list[Change] = field(default_factory=list)
    why: str = ""
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class _Job:
    """Changes that are made by the same requests, and how."""

    changes: Sequence[Change]
    run: Callable[[], Coroutine[Any, Any, Outcome]]


async def write(
    client: Client,
    changes: Sequence[Change],
    voice: Voice = SILENT,
    *,
    still_ours: Callable[[], None] = lambda: None,
) -> Written:
    """Make `changes`: creations and updates in their order, then deletions.

    `voice` hears of each change made and the seconds it took. `still_ours` is asked before each
    change is begun, and raises a FlowliftError when the right to write is lost.
    An interruption (the task is cancelled) also ends in a result, as it matters most then.
    """
    written = Written()
    work = _Work(client, written, voice, still_ours)
    putter = Putter(client)
    wanted = [change for change in changes if change.action in {Action.CREATE, Action.UPDATE}]
    doomed = [change for change in changes if change.action is Action.DELETE]
    if len(wanted) > 1:
        await putter.look_up_flows(change for change in wanted if change.live is None)
    await work.do([_Job([change], partial(_put, putter, change)) for change in wanted])
    parts = [doomed[begin : begin + BULK] for begin in range(0, len(doomed), BULK)]
    await work.do([_Job(part, partial(remove, client, part)) for part in parts])
    return written


async def _put(putter: Putter, change: Change) -> Outcome:
    try:
        await putter.put(change)
    except FlowliftError as error:
        return [(change, without_secrets(error.message, change))]
    return [(change, None)]


@dataclass(slots=True)
class _Work:
    """Does jobs side by side, until one fails."""

    client: Client
    written: Written
    voice: Voice
    still_ours: Callable[[], None]
    under_way: dict[asyncio.Task[Outcome], tuple[_Job, float]] = field(default_factory=dict)

    async def do(self, jobs: Iterable[_Job]) -> None:
        waiting = deque(jobs)
        try:
            while self._begin(waiting):
                done, _ = await asyncio.wait(self.under_way, return_when=asyncio.FIRST_COMPLETED)
                self._gather(done)
        except asyncio.CancelledError:
            self.written.interrupted = True
            self.written.why = "it was interrupted"
            while self.under_way:
                self._gather((await asyncio.wait(self.under_way))[0])
        finally:
            for task in self.under_way:
                task.cancel()
            for job in waiting:
                self.written.left += job.changes

    def _begin(self, waiting: deque[_Job]) -> bool:
        """Begin as many jobs as the server takes; whether any is under way."""
        while waiting and not self.written.why and len(self.under_way) < self.client.writes.limit:
            try:
                self.still_ours()
            except FlowliftError as error:
                self.written.why = error.message
                break
            job = waiting.popleft()
            task = asyncio.ensure_future(job.run())
            self.under_way[task] = job, time.perf_counter()
        return bool(self.under_way)

    def _gather(self, done: Iterable[asyncio.Task[Outcome]]) -> None:
        for task in done:
            job, begun = self.under_way.pop(task)
            outcome = (
                [(change, "it was interrupted, and may be half done") for change in job.changes]
                if task.cancelled()
                else task.result()
            )
            for change, failure in outcome:
                if failure is None:
                    self.written.done.append(change)
                    self.voice.written(change, time.perf_counter() - begun)
                else:
                    self.written.failed.append((change, failure))
                    self.written.why = self.written.why or "a change failed"


def without_secrets(text: str, change: Change) -> str:
    """`text` without any secret of the deployment: an API may repeat a value that it refuses."""
    if change.desired is None:
        return text
    body = dict(change.desired.body)
    hidden = set(_hidden(body, {k: mask(v, k, change.desired.secrets) for k, v in body.items()}))
    for secret in sorted(hidden, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _hidden(value: Json, shown: Json) -> Iterable[str]:
    """The texts in `value` that `shown` hides."""
    if isinstance(value, dict) and isinstance(shown, dict):
        for key, item in value.items():
            yield from _hidden(item, shown[key])
    elif isinstance(value, (list, tuple)) and isinstance(shown, list):
        for item, seen in zip(value, shown, strict=True):
            yield from _hidden(item, seen)
    elif value != shown and str(value):
        yield str(value)
