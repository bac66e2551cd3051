"""Proving that a worker works: "deployed" and "Running" say nothing of it.

The chart's init container takes every failure to reach Prefect for a pool that does not exist yet,
and the worker's process stays up without an API. So the proof is what only a working worker leaves
behind: its init container's log, its own line that it started, its heartbeat, the pool's template,
and, where a canary is configured, a run that ended in exactly the image.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from flowlift.errors import UnprovenError, WorkerError
from flowlift.findings import Json
from flowlift.plan.json_diff import same
from flowlift.voice import SILENT, Voice
from flowlift.words import plural
from flowlift.worker.cluster.cluster import Cluster
from flowlift.worker.cluster.helm import Helm
from flowlift.worker.cluster.rollout import remedy
from flowlift.worker.cluster.watch import Watch, is_ready
from flowlift.worker.model import DesiredWorker
from flowlift.workspace.client import Client
from flowlift.workspace.clock import read_time
from flowlift.workspace.gather import together
from flowlift.workspace.pools import (
    Depth,
    LiveWorker,
    TemplateChange,
    read_depth,
    read_pool,
    read_workers,
    write_template,
)

INIT = "sync-base-job-template"
"""The chart's container that brings the template to the pool."""

LOOK_EVERY = 1.0
"""Seconds between two looks at a pod that runs and at its log: each is a program that takes time
from the worker, which is starting on the same node.
"""

HEARD_EVERY = 0.15
"""Seconds between two questions for a heartbeat, which cost next to nothing."""

QUIET = 5.0
"""Seconds after which it is told what is waited for: a worker sends a heartbeat every 30."""

LEAVING_PATIENCE = 40.0
"""Seconds that a pod may take to leave: Kubernetes ends it by force after 30."""

LATE_PATIENCE = 30.0
"""Seconds that runs may stay late after an update: a worker asks for work every 5 to 15 s."""

_STARTED = re.compile(r"Worker ['\"]?(.+?)['\"]? started!")
_SYNCED = re.compile(r"Updated work pool")
_ABSENT = re.compile(r"does not yet exist")
_REASON = re.compile(
    r"\b40[0-9]\b|\b50[0-9]\b|Error|refused|Unauthorized|Name or service|certificate|timed out"
)
_TRACE = re.compile(r".*─|raise |File |For more information|[~^]+$")
"""What stands around the reason in Python's report of it."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What proves a worker: its pod, the name it started by, and its heartbeat since then."""

    pod: str
    worker: str
    heartbeat: datetime
    revision: int


@dataclass(frozen=True, slots=True)
class Prover:
    """Proves one worker. `timeout` is how long a started pod may take, in seconds."""

    client: Client
    cluster: Cluster
    helm: Helm
    desired: DesiredWorker
    voice: Voice = SILENT
    timeout: float = 90.0

    async def prove(self, change: TemplateChange | None, before: Depth) -> Proof:
        """Prove that the worker works, and that its pool is as it should be.

        `change` makes the template that the pool must have, None where nobody says; `before` are
        the runs that waited before the update.

        Raises:
            UnprovenError: the worker does not start, or is not heard of; the message says why.
            WorkerError: it works, but its pool is not as it should be.
        """
        # First the worker, alone: helm beside it would take from it what it starts with.
        pod, worker, heartbeat = await self._started()
        revision, _, _ = await together(
            (self._revision(), self._pool(change), self.not_late(before))
        )
        return Proof(pod, worker, heartbeat, revision)

    async def _revision(self) -> int:
        """Make sure that the release is deployed, with our values."""
        release = await self.helm.read(self.desired.release)
        newest = release.newest if release else None
        if release is None or newest is None or newest.status != "deployed":
            raise WorkerError(
                f"The release {self.desired.release} is {newest.status if newest else 'gone'}.",
                remedy="Somebody else changes it. Run again.",
            )
        if not same(release.values, self.desired.values, "as doubles"):
            raise WorkerError(
                f"Revision {newest.number} of the release {self.desired.release} has other values:"
                " somebody else has changed it meanwhile.",
                remedy="Run again.",
            )
        return newest.number

    async def _started(self) -> tuple[str, str, datetime]:
        """The newest pod, the worker's name and its heartbeat, once it has told all three."""
        deadline = time.monotonic() + self.timeout
        watch = Watch(self.cluster, self.desired.release)
        synced, told, missing = False, False, "No pod of the release runs."
        while time.monotonic() < deadline:
            if trouble := await watch.look():
                raise UnprovenError(
                    "The worker does not run.\n" + "\n".join(trouble.lines()),
                    remedy=remedy(trouble, self.desired),
                )
            if not told and time.monotonic() > deadline - self.timeout + QUIET:
                told = True
                self.voice.say(f"Waiting for the worker, {self.timeout:.0f} s at most: {missing}")
            if watch.pods and is_ready(watch.pods[0]):
                pod = watch.pods[0]
                name = pod["metadata"]["name"]
                synced = synced or await self._init_went_well(pod)
                await self._heard(pod)
                worker, heartbeat, missing = await self._alive(pod)
                if worker and heartbeat:
                    return name, worker, heartbeat
            await asyncio.sleep(HEARD_EVERY)
        raise UnprovenError(
            f"The worker is not proven to work after {self.timeout:.0f} s: {missing}",
            remedy=f"kubectl -n {self.desired.namespace} logs -l app.kubernetes.io/instance="
            f"{self.desired.release} --all-containers",
        )

    async def _init_went_well(self, pod: Json) -> bool:
        """Make sure that the init container reached the pool, where the chart has that container.

        It ends well whatever happens: only its log tells. The pool is there by now, so that "does
        not yet exist" means that it could not be asked.
        """
        names = [item["name"] for item in pod["spec"].get("initContainers") or ()]
        if INIT not in names:
            return True
        name = pod["metadata"]["name"]
        log = await self.cluster.log(name, INIT)
        if _SYNCED.search(log) or not _ABSENT.search(log):
            return True
        if await self._came_after(name):
            return True
        lines = [line.strip() for line in log.splitlines() if line.strip()]
        reasons = [line for line in lines if _REASON.search(line) and not _TRACE.match(line)]
        shown = "\n".join(f"  | {line[:300]}" for line in (reasons or lines)[-3:])
        raise UnprovenError(
            f"The worker cannot reach Prefect, or is refused, from within the cluster.\n"
            f"{name}, container {INIT}:\n{shown}",
            remedy=_reach(log, self.desired),
        )

    async def _came_after(self, pod: str) -> bool:
        """Whether the worker itself has made the pool since, as when it was deleted."""
        log = await self.cluster.log(pod, await self._main(pod))
        return bool(_STARTED.search(log)) and "created" in log

    async def _heard(self, pod: Json) -> None:
        """Wait until Prefect has heard of any worker since the pod runs, but not for long."""
        begun = running_since(pod, pod["spec"]["containers"][0]["name"])
        deadline = time.monotonic() + LOOK_EVERY
        while time.monotonic() < deadline:
            workers = await read_workers(self.client, self.desired.pool.name)
            if any(worker.heartbeat and worker.heartbeat > begun for worker in workers):
                return
            await asyncio.sleep(HEARD_EVERY)

    async def _alive(self, pod: Json) -> tuple[str, datetime | None, str]:
        """The worker's name and heartbeat, and what is still missing."""
        name = pod["metadata"]["name"]
        container = pod["spec"]["containers"][0]["name"]
        log, workers = await asyncio.gather(
            self.cluster.log(name, container), read_workers(self.client, self.desired.pool.name)
        )
        started = _STARTED.search(log)
        if started is None:
            said = [line.strip()[:200] for line in log.splitlines() if line.strip()][-3:]
            shown = "".join(f"\n  | {line}" for line in said)
            return "", None, f"{name} has not said that it started.{shown}"
        begun = running_since(pod, container)
        heartbeat = heartbeat_of(workers, started[1], begun)
        if heartbeat is None:
            return started[1], None, f"Prefect has no heartbeat of {started[1]!r} since {begun}."
        return started[1], heartbeat, ""

    async def _main(self, pod: str) -> str:
        found = await self.cluster.get(self.cluster.path("pods", pod))
        return str(found["spec"]["containers"][0]["name"]) if found else ""

    async def _pool(self, change: TemplateChange | None) -> None:
        await self.settle()
        name = self.desired.pool.name
        if change is None:
            pool = await read_pool(self.client, name)
        else:
            done = await write_template(self.client, name, change)
            pool = done.after
            if done.written:
                self.voice.say(f"Work pool {name}: template set again; something else wrote it.")
        if pool is None:
            raise WorkerError(
                f"The work pool {name!r} is gone.",
                remedy="Somebody deletes it. Run again.",
            )
        if pool.paused:
            raise WorkerError(
                f"The worker is up to date and works, but the work pool {pool.name!r} is paused:"
                " its runs wait.",
                remedy=f"Resume it: prefect work-pool resume {pool.name}",
            )

    async def settle(self) -> None:
        """Wait until no older pod can write its own template to the pool any more.

        A shell that is the first process of a container does not hear SIGTERM, so the init
        container of a pod that is on its way out still does its work.
        """
        deadline = time.monotonic() + LEAVING_PATIENCE
        while time.monotonic() < deadline:
            pods = await self.cluster.pods(self.desired.release, leaving=True)
            leaving = [pod for pod in pods if pod["metadata"].get("deletionTimestamp")]
            if not any(map(_syncs, leaving)):
                return
            await asyncio.sleep(0.5)

    async def not_late(self, before: Depth) -> None:
        """Make sure that no more runs are late than before."""
        deadline, told = time.monotonic() + LATE_PATIENCE, False
        while (now := await read_depth(self.client, self.desired.pool.name)).late > before.late:
            if not told:
                told = True
                self.voice.say(
                    f"{plural(now.late, 'late run')}, {before.late} before the update: waiting."
                )
            if time.monotonic() > deadline:
                raise WorkerError(
                    f"{plural(now.late, 'late run')} in the work pool {self.desired.pool.name!r},"
                    f" and {before.late} before the update: the worker does not start them.",
                    remedy="Look at its log, and at the pool's queues and limits: flowlift worker"
                    f" status {self.desired.environment}",
                )
            await asyncio.sleep(2.0)


def alive(workers: tuple[LiveWorker, ...], pod: Json, now: datetime, fresh: int) -> bool:
    """Whether a worker of a pod that runs already is heard of, without waiting for anything."""
    begun = read_time(pod["metadata"]["creationTimestamp"])
    return any(
        worker.heartbeat is not None
        and worker.heartbeat > begun
        and now - worker.heartbeat < timedelta(seconds=worker.interval * fresh)
        for worker in workers
    )


def _syncs(pod: Json) -> bool:
    """Whether an init container of a pod runs, which may still write to the pool."""
    statuses = (pod.get("status") or {}).get("initContainerStatuses") or ()
    return any("running" in (status.get("state") or {}) for status in statuses)


def running_since(pod: Json, container: str) -> datetime:
    """Since when a container runs; where it does not, since when there is the pod."""
    for status in pod["status"].get("containerStatuses") or ():
        begun = (status.get("state") or {}).get("running") or {}
        if status["name"] == container and begun.get("startedAt"):
            return read_time(begun["startedAt"])
    return read_time(pod["metadata"]["creationTimestamp"])


def heartbeat_of(workers: list[LiveWorker], name: str, begun: datetime) -> datetime | None:
    """The worker's heartbeat, if it is of this pod: an old pod of the same name writes the same."""
    for worker in workers:
        if worker.name == name and worker.heartbeat is not None and worker.heartbeat > begun:
            return worker.heartbeat
    return None


def _reach(log: str, desired: DesiredWorker) -> str:
    if re.search(r"\b401\b|\b403\b|Unauthorized|Forbidden", log):
        return (
            "Prefect refuses the worker's key or login: correct the variable of its secret, and"
            " run again; the pod is restarted by itself."
        )
    return (
        f"Correct the API's address in {desired.values_file}: it must answer from inside the"
        " cluster, where localhost is the pod itself."
    )
