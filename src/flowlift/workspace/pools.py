"""A work pool as it is: its template, its workers and queues, what waits in it, who uses it.

Never by `get_scheduled_flow_runs`, which marks the queues as polled and the pool as ready.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from flowlift.errors import AnswerError, RefusedError, WorkspaceError
from flowlift.findings import Json, value_at
from flowlift.plan.json_diff import same
from flowlift.workspace.client import Client
from flowlift.workspace.clock import read_time
from flowlift.workspace.gather import together
from flowlift.workspace.lock import Lock
from flowlift.workspace.paging import everything, matching

HEARTBEAT = 30.0
"""Seconds between a worker's heartbeats, where it does not say."""


@dataclass(frozen=True, slots=True)
class LiveWorker:
    """A worker as the workspace sees it.

    `version` is that of the worker's Prefect integration, "" where the API does not tell it (only
    Prefect Cloud does).
    """

    name: str
    status: str
    heartbeat: datetime | None
    interval: float = 30.0
    version: str = ""


@dataclass(frozen=True, slots=True)
class LiveQueue:
    """A queue of a pool. `late` is None where the API does not tell it."""

    name: str
    status: str
    paused: bool
    polled: datetime | None
    limit: int | None = None
    late: int | None = None


@dataclass(frozen=True, slots=True)
class LivePool:
    """A work pool as it is now, without its runs. `template` is its base job template."""

    name: str
    type: str
    paused: bool
    status: str
    template: Mapping[str, Json] = field(repr=False)
    updated: str = ""


@dataclass(frozen=True, slots=True)
class Depth:
    """How many runs wait in a pool, how many of them are late, and how late on average."""

    scheduled: int
    late: int
    seconds: float


@dataclass(frozen=True, slots=True)
class PoolDeployment:
    """A deployment of the pool, as far as its template concerns it."""

    name: str
    job_variables: Mapping[str, Json]

    @property
    def variables(self) -> dict[str, Json]:
        """Its job variables by the names that a template declares: `env.HOME` belongs to `env`."""
        return {key.partition(".")[0]: value for key, value in self.job_variables.items()}


_IMAGE = ("variables", "properties", "image")

TemplateChange = Callable[[Mapping[str, Json]], Mapping[str, Json]]
"""What a base job template is to be, of what it is now."""


@dataclass(frozen=True, slots=True)
class TemplateWrite:
    """A pool before and after its template was written: one and the same where it was right."""

    before: LivePool
    after: LivePool

    @property
    def written(self) -> bool:
        """Whether anything was written."""
        return self.after is not self.before


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A pool's image before and after; `written` is False where it was right already."""

    pool: str
    before: str
    after: str
    written: bool


async def read_pool(client: Client, name: str) -> LivePool | None:
    """The work pool called `name`, None where the workspace has none.

    Raises:
        RefusedError: the key or login is not accepted, so that nobody knows.
        UnreachableError: nothing answers, or what answers is not a Prefect API.
    """
    found = await client.find(pool_path(name))
    if found is None:
        return None
    return LivePool(
        name=found["name"],
        type=str(found.get("type") or ""),
        paused=bool(found.get("is_paused")),
        status=str(found.get("status") or ""),
        template=found.get("base_job_template") or {},
        updated=str(found.get("updated") or ""),
    )


async def pool_names(client: Client) -> list[str]:
    """The names of all work pools, to suggest from."""
    return sorted(pool["name"] for pool in await everything(client, "/work_pools/filter", {}))


async def write_template(
    client: Client,
    name: str,
    change: TemplateChange,
    *,
    absent: str = "Somebody deletes it. Run again.",
) -> TemplateWrite:
    """Give the pool the base job template that `change` makes of its own, and make sure that it
    has it: the only writer of templates.

    Written is under the pool's lock, and what is changed is read under it too, so that of several
    writers none undoes what another has written. What is right already takes one read, and no lock.
    `absent` is the remedy where there is no such pool.

    Raises:
        LockedError: another writer did not finish in time.
        WorkspaceError: there is no such pool, the server refuses the template, or the pool holds
            something else afterwards.
    """
    before = await _the_pool(client, name, absent)
    if same(before.template, change(before.template)):
        return TemplateWrite(before, before)
    async with Lock(client, repository=f"worker pool {name}") as lock:
        before = await _the_pool(client, name, absent)
        wanted = change(before.template)
        if same(before.template, wanted):
            return TemplateWrite(before, before)
        lock.check()
        try:
            await client.patch(pool_path(name), {"base_job_template": dict(wanted)})
        except AnswerError as error:
            raise WorkspaceError(
                f"The work pool {name!r} does not take its base job template: {error.message}",
                remedy="Nothing of it was changed. Correct the template.",
            ) from None
        after = await _the_pool(client, name, absent)
    if not same(after.template, wanted):
        raise WorkspaceError(
            f"The work pool {name!r} does not hold what was written to it.",
            remedy="Something else writes its base job template, perhaps a starting worker."
            " Run again.",
        )
    return TemplateWrite(before, after)


async def _the_pool(client: Client, name: str, absent: str) -> LivePool:
    pool = await read_pool(client, name)
    if pool is None:
        raise WorkspaceError(
            f"There is no work pool {name!r} in {client.endpoint.environment}.", remedy=absent
        )
    return pool


async def read_workers(client: Client, pool: str) -> list[LiveWorker]:
    """The workers that the pool has seen, the latest heartbeat first."""
    found = await everything(client, f"{pool_path(pool)}/workers/filter", {})
    workers = [
        LiveWorker(
            name=worker["name"],
            status=str(worker.get("status") or ""),
            heartbeat=read_time(heard) if (heard := worker.get("last_heartbeat_time")) else None,
            interval=float(worker.get("heartbeat_interval_seconds") or HEARTBEAT),
            version=_version(worker),
        )
        for worker in found
    ]
    return sorted(workers, key=lambda w: (w.heartbeat is not None, w.heartbeat), reverse=True)


async def read_queues(client: Client, pool: str) -> list[LiveQueue]:
    """The queues of the pool, by priority, with the runs that are late in each."""
    found = await everything(client, f"{pool_path(pool)}/queues/filter", {})
    late = await together(_late_in(client, queue["id"]) for queue in found)
    queues = zip(found, late, strict=True)
    return [
        LiveQueue(
            name=queue["name"],
            status=str(queue.get("status") or ""),
            paused=bool(queue.get("is_paused")),
            polled=read_time(polled) if (polled := queue.get("last_polled")) else None,
            limit=queue.get("concurrency_limit"),
            late=count,
        )
        for queue, count in sorted(queues, key=lambda pair: pair[0].get("priority") or 0)
    ]


async def read_depth(client: Client, pool: str) -> Depth:
    """How many runs wait in the pool, how many are late, and the average lateness in seconds."""
    here = {"work_pools": {"name": {"any_": [pool]}}}
    scheduled, late, seconds = await together(
        (
            client.post("/flow_runs/count", here | _runs(type={"any_": ["SCHEDULED"]})),
            client.post("/flow_runs/count", here | _runs(name={"any_": ["Late"]})),
            client.post("/flow_runs/lateness", here),
        )
    )
    return Depth(int(scheduled), int(late), float(seconds or 0.0))


async def deployments_of(client: Client, pool: str) -> list[PoolDeployment]:
    """The deployments that run in the pool, with their job variables."""
    query = {"sort": "CREATED_DESC", "work_pools": {"name": {"any_": [pool]}}}
    found = await everything(client, "/deployments/filter", query)
    flows = await matching(client, "flows", "id", {item["flow_id"] for item in found})
    names = {flow["id"]: flow["name"] for flow in flows}
    return [
        PoolDeployment(
            f"{names.get(item['flow_id'], '?')}/{item['name']}", item.get("job_variables") or {}
        )
        for item in found
    ]


async def _late_in(client: Client, queue: str) -> int | None:
    """The late runs in a queue; None where the API does not tell."""
    try:
        status = await client.get(f"/work_queues/{queue}/status")
    except RefusedError:
        return None  # the key may see the queues: only this is not for it
    except AnswerError as error:
        if error.status not in {404, 405}:
            raise
        return None
    late = status.get("late_runs_count")
    return int(late) if late is not None else None


def pool_path(pool: str) -> str:
    """Where the API has a work pool."""
    return f"/work_pools/{quote(pool, safe='')}"


def _runs(**state: Json) -> dict[str, Json]:
    return {"flow_runs": {"state": state}}


def _version(worker: Mapping[str, Json]) -> str:
    """The versions of a worker's integrations, which only Prefect Cloud keeps."""
    listed = (worker.get("metadata") or {}).get("integrations") or ()
    return ", ".join(f"{item.get('name')} {item.get('version')}" for item in listed)


# The image ------------


async def images_in_use(client: Client) -> set[str]:
    """Every image that a work pool or a deployment names, as it is written there."""
    pools, deployments = await together(
        (
            everything(client, "/work_pools/filter", {}),
            everything(client, "/deployments/filter", {"sort": "CREATED_DESC"}),
        )
    )
    found = {default_image(pool.get("base_job_template")) for pool in pools}
    for deployment in deployments:
        found.add((deployment.get("job_variables") or {}).get("image"))
    return {image for image in found if isinstance(image, str) and image}


async def hand_over(client: Client, pool: str, image: str) -> HandedOver:
    """Let what `pool` starts use `image`, unless a deployment says otherwise.

    Only the default of the template's `image` variable is changed. What is right already is not
    written.

    Raises:
        LockedError: another writer did not finish in time.
        WorkspaceError: there is no such pool, its template has no image, or it holds something else
            afterwards.
    """

    def change(template: Mapping[str, Json]) -> Mapping[str, Json]:
        if not takes_image(template):
            raise WorkspaceError(
                f"The work pool {pool!r} has no image: its base job template has no variable"
                " `image`.",
                remedy="Name a pool of type kubernetes, docker or another that runs images.",
            )
        return with_image(template, image)

    done = await write_template(
        client,
        pool,
        change,
        absent="Correct `pools` in [tool.flowlift.image], or make the pool: prefect work-pool"
        f" create {pool}",
    )
    before = default_image(done.before.template) or ""
    return HandedOver(pool, before, image, written=done.written)


def default_image(template: Json) -> str | None:
    """The image that runs start with, unless a deployment says otherwise."""
    found = value_at(template, *_IMAGE, "default")
    return found if isinstance(found, str) else None


def takes_image(template: Json) -> bool:
    """Whether a template has a variable `image`, with a default or without."""
    return isinstance(value_at(template, *_IMAGE), Mapping)


def with_image(template: Mapping[str, Json], image: str) -> dict[str, Json]:
    """A copy of `template`, which has a variable `image`, with that default."""
    wanted = copy.deepcopy(dict(template))
    wanted["variables"]["properties"]["image"]["default"] = image
    return wanted
