"""`worker check`: what differs, and everything that is wrong, before any write."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import replace

from flowlift.errors import ClusterError, HelmError, Position, WorkerError
from flowlift.findings import Finding, Json, finding
from flowlift.plan.checks.report import Report
from flowlift.project.project import Project
from flowlift.voice import Voice
from flowlift.worker.cluster.cluster import Cluster, open_cluster
from flowlift.worker.cluster.helm import Helm
from flowlift.worker.cluster.secrets import WantedSecret, wanted
from flowlift.worker.look import InCluster, Looked, check_pull_secrets, look, reading
from flowlift.worker.model import DesiredWorker
from flowlift.worker.prepare import Prepared, prepare, workers_of
from flowlift.worker.pulling import check_images, images_of
from flowlift.worker.report import WorkerCheck
from flowlift.workspace.client import Client
from flowlift.workspace.gather import together


def check_workers(
    project: Project, environment: str, voice: Voice, *, image: str | None = None
) -> list[WorkerCheck]:
    """Look at every worker of `environment`. Nothing is written.

    Raises:
        InputError: a file cannot be read at all.
        ClusterError, HelmError: the files are right, but the cluster cannot be asked.
        WorkspaceError: the workspace cannot be asked; a 401 is no missing pool.
    """
    workers = workers_of(project, environment)

    async def work(client: Client) -> list[WorkerCheck]:
        found = []
        for worker in workers:
            async with reading(project.environ, environment, worker) as there:
                prepared = await prepare(
                    project, environment, worker, client, image=image, voice=voice, under_way=there
                )
                found.append(await _check(project, prepared, client, there))
        return found

    return project.ask(environment, work)


async def find_in_cluster(
    project: Project,
    prepared: Prepared,
    looked: Looked,
    *,
    cluster: Cluster,
    helm: Helm,
    secrets: tuple[WantedSecret, ...],
) -> tuple[Finding, ...]:
    """What only the cluster, the chart and the registry can tell, at the levels of the team.

    Whether the chart takes the values, the pull secrets exist, and a node could pull the images.
    Not worth asking where nothing is to be done.
    """
    if prepared.desired is None:
        return ()
    desired = prepared.desired
    at = Position(desired.values_file)
    found: list[Finding] = []
    try:
        check_pull_secrets(desired, looked, secrets)
    except WorkerError as error:
        found.append(finding("pull-secret", error.message, error.remedy, at))

    async def images() -> list[Finding]:
        configured = project.settings.image
        return await asyncio.to_thread(
            check_images,
            images_of(
                desired,
                flows_at=prepared.at if prepared.at.file else at,
                worker_at=prepared.worker_at,
                placeholder=prepared.config.image_placeholder,
            ),
            _objects(desired, looked, secrets),
            await _platforms(cluster),
            configured.plain_http if configured else (),
        )

    for some in await together((_chart(helm, desired, at), images())):
        found += some
    report = Report(project.settings.checks)
    report.adopt(*found)
    return tuple(report.findings)


async def _check(
    project: Project,
    prepared: Prepared,
    client: Client,
    under_way: Awaitable[InCluster] | None,
) -> WorkerCheck:
    desired, environment = prepared.desired, client.endpoint.environment
    checked = WorkerCheck(
        environment=environment,
        pool=prepared.pool.name,
        release=desired.release if desired else "",
        namespace=desired.namespace if desired else "",
        image=prepared.pool.image,
        why_image=prepared.why_image,
        parts=(prepared.pool_part,),
        findings=prepared.findings,
    )
    if desired is None:
        return checked
    cluster = open_cluster(project.environ, environment, desired.namespace)
    helm = Helm(cluster.environ, desired.namespace)
    secrets = wanted(desired.secrets, project.environ)
    on_drift = project.settings.environment(environment).on_drift
    try:
        looked = await look(
            client,
            cluster,
            helm,
            desired,
            wanted=secrets,
            on_drift=on_drift,
            under_way=under_way,
        )
        found = await find_in_cluster(
            project, prepared, looked, cluster=cluster, helm=helm, secrets=secrets
        )
    except (ClusterError, HelmError) as error:
        if not prepared.errors:
            raise
        return replace(checked, notes=(f"The cluster was not looked at: {error.message}",))
    return replace(
        checked,
        parts=looked.parts,
        restart=looked.restart,
        idle=looked.release is not None and not looked.runs,
        findings=(*prepared.findings, *found),
    )


async def _platforms(cluster: Cluster) -> tuple[str, ...]:
    """The platforms of the nodes, as `linux/amd64`; none where nodes may not be listed."""
    try:
        nodes = await cluster.get("/api/v1/nodes")
    except ClusterError:
        return ()
    infos = [node["status"]["nodeInfo"] for node in (nodes or {}).get("items", ())]
    return tuple(sorted({f"{one['operatingSystem']}/{one['architecture']}" for one in infos}))


async def _chart(helm: Helm, desired: DesiredWorker, at: Position) -> list[Finding]:
    """Whether the chart can be had, and its schema takes the values."""
    try:
        await helm.render(desired)
    except HelmError as error:
        return [finding("chart-values", error.message, error.remedy, at)]
    return []


def _objects(
    desired: DesiredWorker, looked: Looked, secrets: tuple[WantedSecret, ...]
) -> Mapping[str, Json]:
    """The secrets as they will be: those of the cluster, and those that an update writes."""
    own = {one.name: one.object(desired.namespace) for one in secrets if one.data is not None}
    return {**looked.secrets, **own}
