"""`worker status`: how a worker and its pool are doing, whatever the files say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence

from flowlift.config.worker import Worker
from flowlift.errors import ClusterError, HelmError, InputError
from flowlift.findings import Json
from flowlift.project.project import Project
from flowlift.worker.cluster.cluster import open_cluster
from flowlift.worker.cluster.helm import Helm
from flowlift.worker.cluster.watch import judge
from flowlift.worker.prepare import workers_of
from flowlift.worker.proof import running_since
from flowlift.worker.report import PoolStatus, ReleaseStatus, WorkerStatus
from flowlift.worker.values.values import read_values
from flowlift.workspace.client import Client
from flowlift.workspace.gather import together
from flowlift.workspace.pools import (
    LivePool,
    LiveWorker,
    default_image,
    read_depth,
    read_pool,
    read_queues,
    read_workers,
)


def read_status(project: Project, environment: str) -> list[WorkerStatus]:
    """How every worker of `environment` is doing.

    Raises:
        InputError: a values file is missing or cannot be read.
        WorkspaceError: the workspace cannot be asked; a 401 is no missing pool.
    """
    workers = workers_of(project, environment)

    async def work(client: Client) -> list[WorkerStatus]:
        return [await _status(project, environment, worker, client) for worker in workers]

    return project.ask(environment, work)


def template_digest(template: Mapping[str, Json]) -> str:
    """A short digest of a base job template, the same for equal ones."""
    text = json.dumps(template, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


async def _status(
    project: Project, environment: str, config: Worker, client: Client
) -> WorkerStatus:
    name = config.pool or _pool_of(project, environment, config)
    notes: list[str] = []
    release, pod = None, None
    if not config.pool:
        try:
            release, pod = await _release(project, environment, config)
        except (ClusterError, HelmError) as error:
            notes.append(f"The cluster could not be asked: {error.message}")
    pool = await read_pool(client, name)
    if pool is None:
        notes.append(f"There is no work pool {name!r} in {environment}.")
        return WorkerStatus(environment, release, None, notes=tuple(notes))
    workers, queues, depth = await together(
        (read_workers(client, name), read_queues(client, name), read_depth(client, name))
    )
    now = client.server_time()
    notes += _troubles(pod, workers, config.namespace) if pod else ()
    return WorkerStatus(
        environment=environment,
        release=release,
        pool=_pool(pool),
        workers=tuple(workers),
        queues=tuple(queues),
        depth=depth,
        now=now,
        notes=tuple(notes),
    )


def _pool_of(project: Project, environment: str, config: Worker) -> str:
    """The pool that the values name."""
    file = config.values_file(environment)
    try:
        text = (project.root / file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"The values file {file} cannot be read: {error}.",
            remedy="Correct `values` in [tool.flowlift.worker].",
        ) from None
    values = read_values(text, file, placeholder=config.image_placeholder, image=None)
    return str(values.get("worker", "config", "workPool") or "")


def _troubles(pod: Json, workers: Sequence[LiveWorker], namespace: str) -> Iterator[str]:
    """What is wrong with the newest pod, whatever Prefect still thinks of the one before it.

    Prefect calls a worker online for some 100 s after its last heartbeat, and a pod that cannot
    reach Prefect runs on.
    """
    name = pod["metadata"]["name"]
    if trouble := judge(pod):
        yield from trouble.lines()
        return
    begun = running_since(pod, pod["spec"]["containers"][0]["name"])
    if not any(worker.heartbeat and worker.heartbeat > begun for worker in workers):
        yield (
            f"No worker has been heard of since {name} began at {begun:%H:%M:%S} UTC. Its log:"
            f" kubectl -n {namespace} logs {name} --all-containers"
        )


async def _release(
    project: Project, environment: str, config: Worker
) -> tuple[ReleaseStatus, Json]:
    """The release, and its newest pod."""
    cluster = open_cluster(project.environ, environment, config.namespace)
    release, pods = await together(
        (Helm(cluster.environ, config.namespace).read(config.release), cluster.pods(config.release))
    )
    if release is None:
        return ReleaseStatus(config.release, config.namespace, "missing"), None
    newest = release.newest
    pod = pods[0] if pods else None
    status = ReleaseStatus(
        name=config.release,
        namespace=config.namespace,
        status=newest.status,
        revision=newest.number,
        chart=newest.chart,
        updated=newest.updated,
        pod=pod["metadata"]["name"] if pod else "",
        pod_state=_state(pod) if pod else "",
        pod_image=str(pod["spec"]["containers"][0].get("image", "")) if pod else "",
    )
    return status, pod


def _state(pod: Json) -> str:
    """What keeps a pod from running, in Kubernetes' word; else its phase."""
    trouble = judge(pod)
    return trouble.reason if trouble else str(pod["status"].get("phase", ""))


def _pool(pool: LivePool) -> PoolStatus:
    return PoolStatus(
        name=pool.name,
        type=pool.type,
        status=pool.status,
        paused=pool.paused,
        image=default_image(pool.template),
        template=template_digest(pool.template),
        updated=pool.updated,
    )
