"""What a look at a worker comes to, as plain data: a check's, and a status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flowlift.findings import Finding, Level
from flowlift.worker.model import Part
from flowlift.workspace.pools import Depth, LiveQueue, LiveWorker


@dataclass(frozen=True, slots=True)
class WorkerCheck:
    """One worker, looked at. `parts` say what an update would do, `findings` what is wrong.

    `restart` names secrets that changed after the worker's pod had read them. `idle` says that the
    newest pod of the release does not run. `notes` say what could not be looked at.
    """

    environment: str
    pool: str
    release: str
    namespace: str
    image: str | None
    why_image: str
    parts: tuple[Part, ...] = ()
    restart: tuple[str, ...] = ()
    idle: bool = False
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether an update would do anything."""
        return any(part.differs for part in self.parts) or bool(self.restart) or self.idle

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What would stop an update."""
        return tuple(item for item in self.findings if item.level is Level.ERROR)


@dataclass(frozen=True, slots=True)
class ReleaseStatus:
    """The Helm release. `status` is Helm's word, "missing" where there is none.

    `pod` is the newest one, `pod_state` its phase or what keeps it from running, `pod_image` the
    worker's own image.
    """

    name: str
    namespace: str
    status: str
    revision: int = 0
    chart: str = ""
    updated: datetime | None = None
    pod: str = ""
    pod_state: str = ""
    pod_image: str = ""


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """The work pool. `image` is what runs start with, `template` a digest of its template."""

    name: str
    type: str
    status: str
    paused: bool
    image: str | None
    template: str
    updated: str


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """One worker of an environment. `release` is None for a pool without Kubernetes, or where the
    cluster could not be asked. `notes` tell that, and what is wrong with the pod.
    """

    environment: str
    release: ReleaseStatus | None
    pool: PoolStatus | None
    workers: tuple[LiveWorker, ...] = ()
    queues: tuple[LiveQueue, ...] = ()
    depth: Depth | None = None
    now: datetime | None = None
    notes: tuple[str, ...] = ()

    @property
    def well(self) -> bool:
        """Whether runs start: the release is deployed, a worker online, nothing paused or late."""
        release = self.release is None or self.release.status == "deployed"
        pool = self.pool is not None and not self.pool.paused
        online = any(worker.status == "ONLINE" for worker in self.workers)
        late = self.depth is not None and self.depth.late > 0
        return release and pool and online and not late and not self.notes
