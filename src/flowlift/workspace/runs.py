"""Running deployments to test them: starting, watching, reading logs, taking back. Data only."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from flowlift.errors import AnswerError
from flowlift.findings import Json
from flowlift.workspace.client import Client
from flowlift.workspace.gather import together
from flowlift.workspace.paging import PAGE, chunks, everything
from flowlift.workspace.pools import pool_path

TAG = "flowlift-verify"
"""The tag of every run that verify starts."""

FIRST_INTERVAL, LONGEST_INTERVAL = 0.5, 2.0
"""Seconds between looks at the runs, growing."""

ENDED = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})
WAITING = frozenset({"SCHEDULED", "PENDING"})

LEVELS = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL"}


@dataclass(frozen=True, slots=True)
class FlowRun:
    """A flow run as it is now. `state_type` is Prefect's (RUNNING), `state` its name (Late)."""

    id: str
    name: str
    state_type: str
    state: str
    message: str = ""
    work_pool: str | None = None
    work_queue: str | None = None
    started_at: str | None = None
    seconds: float = 0.0

    @property
    def started(self) -> bool:
        """Whether it has begun; a run may be cancelled or crash before it does."""
        return self.started_at is not None or self.state_type == "RUNNING"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state_type in ENDED

    @property
    def succeeded(self) -> bool:
        """Whether it ended well."""
        return self.state_type == "COMPLETED"


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a run's log; `at` is the time as the API says it."""

    at: str
    level: str
    message: str


@dataclass(frozen=True, slots=True)
class Poll:
    """Who would start a run of a pool: nothing of it starts while nobody polls it.

    `workers` are the names of those online. `needs_worker` is False for pools that Prefect itself
    or a cloud service runs.
    """

    pool: str
    exists: bool
    paused: bool = False
    queue_paused: bool = False
    needs_worker: bool = True
    workers: tuple[str, ...] = field(default=())


async def start_run(
    client: Client,
    deployment_id: str,
    *,
    parameters: Mapping[str, Json] | None = None,
    tags: Sequence[str] = (),
) -> FlowRun:
    """Start a run of a deployment now, with its own parameters but for those given.

    Raises:
        AnswerError: the API refuses the parameters, or there is no such deployment.
    """
    body = {
        "parameters": dict(parameters or {}),
        "idempotency_key": f"{TAG}-{uuid.uuid4().hex}",
        "tags": [TAG, *tags],
        "state": {"type": "SCHEDULED"},
    }
    path = f"/deployments/{deployment_id}/create_flow_run"
    return _run(await client.post(path, body, repeatable=True))


async def completed(
    client: Client, deployments: Collection[str], tag: str
) -> list[tuple[str, Mapping[str, Json]]]:
    """The test runs with `tag` that went well: the deployment's id, and the run's labels."""
    parts = await together(
        everything(
            client,
            "/flow_runs/filter",
            {
                "deployments": {"id": {"any_": list(chunk)}},
                "flow_runs": {
                    "state": {"type": {"any_": ["COMPLETED"]}},
                    "tags": {"all_": [TAG, tag]},
                },
            },
        )
        for chunk in chunks(sorted(deployments))
    )
    return [(run["deployment_id"], run.get("labels") or {}) for part in parts for run in part]


async def read_runs(client: Client, ids: Collection[str]) -> dict[str, FlowRun]:
    """The runs with these ids as they are now: one request for 200. One deleted is missing."""
    found = await together(
        client.post("/flow_runs/filter", {"flow_runs": {"id": {"any_": chunk}}, "limit": PAGE})
        for chunk in chunks(sorted(ids))
    )
    return {item["id"]: _run(item) for part in found for item in part}


async def watch_runs(client: Client, ids: Collection[str]) -> AsyncIterator[dict[str, FlowRun]]:
    """The runs as they are, again and again, until all have ended.

    Only those still open are asked for. A run that is gone counts as ended: it is missing in what
    follows. Whoever has waited long enough stops iterating.
    """
    known: dict[str, FlowRun] = {}
    open_ids, interval = set(ids), FIRST_INTERVAL
    while True:
        now = await read_runs(client, open_ids)
        known = {key: run for key, run in known.items() if key not in open_ids} | now
        yield dict(known)
        open_ids = {key for key, run in now.items() if not run.ended}
        if not open_ids:
            return
        await asyncio.sleep(interval)
        interval = min(LONGEST_INTERVAL, interval * 1.25)


async def last_logs(client: Client, run_id: str, lines: int = 20) -> list[LogLine]:
    """The last lines of a run's log with its tasks', in order of time."""
    query = {
        "logs": {"flow_run_id": {"any_": [run_id]}},
        "sort": "TIMESTAMP_DESC",
        "limit": min(lines, PAGE),
    }
    found = await client.post("/logs/filter", query)
    return [
        LogLine(
            at=line["timestamp"],
            level=LEVELS.get(line["level"], str(line["level"])),
            message=line["message"],
        )
        for line in reversed(found)
    ]


async def who_polls(client: Client, pool: str, queue: str | None = None) -> Poll:
    """Who would start a run that waits in `pool` (and its `queue`)."""
    path = pool_path(pool)
    try:
        found, workers, waiting = await together(
            (
                client.get(path),
                client.post(f"{path}/workers/filter", {"limit": PAGE}),
                client.get(f"{path}/queues/{quote(queue or 'default', safe='')}"),
            )
        )
    except AnswerError as error:
        if error.status != 404:
            raise
        return Poll(pool, exists=False)
    kind = str(found.get("type", ""))
    return Poll(
        pool=pool,
        exists=True,
        paused=bool(found.get("is_paused")),
        queue_paused=bool(waiting.get("is_paused")),
        needs_worker=not kind.endswith((":push", ":managed")),
        workers=tuple(sorted(w["name"] for w in workers if w.get("status", "ONLINE") == "ONLINE")),
    )


async def cancel_run(client: Client, run_id: str, reason: str) -> bool:
    """Take a run back, so that nothing is left behind; False where it had ended already.

    One that waits is cancelled at once; one that runs is told to stop, which its worker does.
    """
    run = (await read_runs(client, [run_id])).get(run_id)
    if run is None or run.ended:
        return False
    waits = run.state_type in WAITING and not run.started
    state = (
        {"type": "CANCELLED", "name": "Cancelled"}
        if waits
        else {"type": "CANCELLING", "name": "Cancelling"}
    )
    body = {"state": {**state, "message": reason}, "force": False}
    answer = await client.post(f"/flow_runs/{run_id}/set_state", body, repeatable=True)
    return bool(answer.get("status") == "ACCEPT")


def _run(document: Mapping[str, Json]) -> FlowRun:
    state = document.get("state") or {}
    return FlowRun(
        id=document["id"],
        name=document["name"],
        state_type=document.get("state_type") or state.get("type") or "PENDING",
        state=document.get("state_name") or state.get("name") or "Pending",
        message=state.get("message") or "",
        work_pool=document.get("work_pool_name"),
        work_queue=document.get("work_queue_name"),
        started_at=document.get("start_time"),
        seconds=float(document.get("total_run_time") or 0.0),
    )
