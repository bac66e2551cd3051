"""What is live of a worker, in one look, and what is to be done to each of its parts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from flowlift.config.worker import Worker
from flowlift.errors import AnswerError, ClusterError, HelmError, WorkerError
from flowlift.findings import Action, Json, value_at
from flowlift.plan.json_diff import field_changes, same
from flowlift.worker.cluster.charts import compare_release
from flowlift.worker.cluster.cluster import Cluster, open_cluster
from flowlift.worker.cluster.helm import Helm, HelmRelease
from flowlift.worker.cluster.secrets import WantedSecret, compare, outdated
from flowlift.worker.cluster.watch import is_ready
from flowlift.worker.model import DesiredWorker, Part
from flowlift.worker.values.values import CONFIGURATION
from flowlift.workspace.client import Client
from flowlift.workspace.gather import together
from flowlift.workspace.pools import (
    Depth,
    LivePool,
    LiveWorker,
    read_depth,
    read_pool,
    read_workers,
)

OnDrift = Literal["undo", "keep"]

FRESH = 3
"""A worker is alive whose heartbeat is not older than so many of its intervals."""


BEGIN = 0.01
"""Seconds that kubectl and helm get to be started before the files are read."""


@dataclass(frozen=True, slots=True)
class InCluster:
    """What the cluster holds of a worker. `pods` are its pods, newest first."""

    release: HelmRelease | None
    namespace: Json
    secrets: Mapping[str, Json] = field(repr=False)
    pods: tuple[Json, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Looked:
    """A worker as it is now. `pods` are its pods, newest first; `parts` what is to be done.

    `restart` names the secrets that changed after the newest pod had read them. `keeps` says that
    the pool's template was changed by hand, and that policy keeps it so.
    """

    release: HelmRelease | None
    namespace: Json
    secrets: Mapping[str, Json] = field(repr=False)
    pods: tuple[Json, ...] = field(repr=False)
    pool: LivePool | None
    workers: tuple[LiveWorker, ...]
    depth: Depth
    parts: tuple[Part, ...]
    restart: tuple[str, ...] = ()
    keeps: bool = False

    def part(self, kind: str) -> Part:
        """The part of that kind: of the secrets, the first."""
        return next(part for part in self.parts if part.kind == kind)

    @property
    def differs(self) -> bool:
        """Whether there is anything to do."""
        return any(part.differs for part in self.parts) or bool(self.restart) or not self.runs

    @property
    def runs(self) -> bool:
        """Whether the newest pod runs."""
        return bool(self.pods) and is_ready(self.pods[0])


async def read_cluster(cluster: Cluster, helm: Helm, release: str) -> InCluster:
    """Everything that the cluster tells, read at the same time.

    Raises:
        ClusterError, HelmError: the cluster cannot be asked.
    """
    try:
        found, namespace, secrets, pods = await together(
            (
                helm.read(release),
                cluster.namespace_object(),
                cluster.secrets(),
                cluster.pods(release),
            )
        )
    except HelmError:
        # A cluster that does not answer kubectl either is better explained by that.
        await cluster.namespace_object()
        raise
    return InCluster(found, namespace, secrets, tuple(pods))


@asynccontextmanager
async def reading(
    environ: Mapping[str, str], environment: str, config: Worker
) -> AsyncIterator[Awaitable[InCluster] | None]:
    """The cluster's answers, under way while the files are read and checked: kubectl and helm are
    programs of their own, which need nothing of what the files say.

    None for a pool without Kubernetes. What fails is told to whoever waits for it.
    """
    if config.pool:
        yield None
        return
    cluster = open_cluster(environ, environment, config.namespace)
    helm = Helm(cluster.environ, config.namespace)
    task = asyncio.create_task(read_cluster(cluster, helm, config.release))
    await asyncio.sleep(BEGIN)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def look(
    client: Client,
    cluster: Cluster,
    helm: Helm,
    desired: DesiredWorker,
    *,
    wanted: tuple[WantedSecret, ...] = (),
    on_drift: OnDrift = "undo",
    under_way: Awaitable[InCluster] | None = None,
) -> Looked:
    """Look at everything at the same time, and compare. `under_way` are answers of the cluster
    that have been asked for already.

    Raises:
        ClusterError, HelmError: the cluster cannot be asked.
        WorkspaceError: the workspace cannot be asked; a 401 is no missing pool.
        InputError, WorkerError: a secret has no value, or is another's and differs.
    """
    name = desired.pool.name

    async def in_cluster() -> InCluster:
        return await (under_way or read_cluster(cluster, helm, desired.release))

    there, pool, workers, depth = await together(
        (in_cluster(), read_pool(client, name), _workers(client, name), read_depth(client, name))
    )
    release, namespace, secrets, pods = there.release, there.namespace, there.secrets, there.pods
    keeps, pool_part = _compare_pool(desired, pool, release, on_drift)
    parts = [
        Part(
            kind="namespace",
            name=desired.namespace,
            action=Action.NONE if namespace else Action.CREATE,
        ),
        *(compare(secret, secrets.get(secret.name)) for secret in wanted),
        compare_release(desired, release),
        pool_part,
    ]
    return Looked(
        release=release,
        namespace=namespace,
        secrets=secrets,
        pods=pods,
        pool=pool,
        workers=tuple(workers),
        depth=depth,
        parts=tuple(parts),
        restart=outdated(pods[0], secrets) if pods else (),
        keeps=keeps,
    )


def check_pull_secrets(
    desired: DesiredWorker, looked: Looked, wanted: tuple[WantedSecret, ...]
) -> None:
    """Make sure that the pull secrets exist, or will: a missing one is noticed only much later,
    by a node that does not have the image yet.

    Raises:
        WorkerError: one is missing.
    """
    known = {*looked.secrets, *(secret.name for secret in wanted)}
    needed = list(desired.pull_secrets)
    if _job_namespace(desired) == desired.namespace:
        needed += desired.job_pull_secrets
    missing = sorted({name for name in needed if name not in known})
    if missing:
        names = ", ".join(map(repr, missing))
        raise WorkerError(
            f"The pull secret {names} is not in the namespace {desired.namespace!r}, and"
            " `secrets` does not make it.",
            remedy=f'Add {{ name = "{missing[0]}", registry = "...", username-from-env = "...",'
            ' password-from-env = "..." } to `secrets` in [tool.flowlift.worker].',
        )


def applied_template(release: HelmRelease | None) -> Json:
    """The base job template in a release's values, None where it has none that can be read."""
    value = value_at(release.values if release else None, *CONFIGURATION)
    try:
        return json.loads(value) if isinstance(value, str) else None
    except ValueError:
        return None


async def read_applied(under_way: Awaitable[InCluster] | None) -> Json:
    """The base job template that was applied last, None where no release tells.

    It has the image that an update gave to the pool; the pool's own may have been changed by hand
    since, or be gone.
    """
    try:
        release = (await under_way).release if under_way else None
    except (ClusterError, HelmError):
        return None  # whatever is wrong is told when it is looked at
    return applied_template(release) if release and release.newest.status == "deployed" else None


def _compare_pool(
    desired: DesiredWorker, pool: LivePool | None, release: HelmRelease | None, on_drift: OnDrift
) -> tuple[bool, Part]:
    """Whether the pool's own template is kept, and what is to be done to the pool."""
    wanted, name = desired.pool.template, desired.pool.name
    if wanted is None:
        return False, Part("pool", name, Action.NONE, note="keeps its own template")
    if pool is None:
        return False, Part("pool", name, Action.CREATE)
    if same(pool.template, wanted):
        return False, Part("pool", name, Action.NONE)
    fields = field_changes(pool.template, wanted, "base_job_template")
    drifted = release is not None and same(applied_template(release), wanted)
    if drifted and on_drift == "keep":
        note = "its template was changed by hand, and is kept (on-drift)"
        return True, Part("pool", name, Action.NONE, fields, note)
    note = "its template was changed by hand" if drifted else ""
    return False, Part("pool", name, Action.UPDATE, fields, note)


def _job_namespace(desired: DesiredWorker) -> str:
    """Where flow runs get their pods: the template's default, else beside the worker."""
    value = value_at(desired.pool.template, "variables", "properties", "namespace", "default")
    return value if isinstance(value, str) and value else desired.namespace


async def _workers(client: Client, pool: str) -> list[LiveWorker]:
    try:
        return await read_workers(client, pool)
    except AnswerError as error:
        if error.status != 404:
            raise
        return []
