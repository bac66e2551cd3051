"""Reading what is live, in the shape in which a plan says what is desired.

For a workspace of up to 200 deployments that is three requests: its deployments, their flows'
names, and the automations, the first and last at the same time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping

from flowlift.findings import Json
from flowlift.plan.fields import FIELDS
from flowlift.plan.model import Live, Schedule
from flowlift.plan.timing import canonical_timing
from flowlift.workspace.automations import owned_triggers, read_automations
from flowlift.workspace.client import Client
from flowlift.workspace.clock import read_time
from flowlift.workspace.gather import together
from flowlift.workspace.paging import chunks, matching, pages

BY_CREATION = "CREATED_DESC"

SLOW_SCHEDULE = 0.007
"""Seconds a schedule: a server that walks the time zone database for each takes 0.007 to 0.013."""

SLOW_PAGE = 0.7
"""Seconds that a page must take before anything is said about it."""


async def read_live(
    client: Client, *, names: Iterable[str] | None = None, tag: str | None = None
) -> dict[str, Live]:
    """The live deployments by `flow/name`: all of them, or those with a name or the tag.

    Deployments of other flows that have one of the `names` come too, as the API filters by the
    deployment's own name.
    """
    queries = _queries(names, tag)
    if not queries:
        return {}
    reading = asyncio.create_task(read_automations(client))
    try:
        parts = await together(_read(client, query) for query in queries)
        documents = {document["id"]: document for part in parts for document in part}
        flows = await _flow_names(client, {d["flow_id"] for d in documents.values()})
        automations = await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    triggers = await owned_triggers(client, automations, documents)
    live = [
        _live(document, flows[document["flow_id"]], triggers.get(document["id"]))
        for document in documents.values()
        if document["flow_id"] in flows  # else deleted while we read, with its flow
    ]
    return {item.key: item for item in live}


def slow_server_hint(client: Client) -> str | None:
    """What the server's owner can do where reading schedules was slow; None where it was not.

    Prefect's server looks through the whole time zone database for every schedule that it reads
    (`available_timezones()`, 6 to 13 ms). With an empty PYTHONTZPATH it finds the zones in the
    tzdata package, in a tenth of that time.
    """
    if client.slow_page is None:
        return None
    seconds, schedules = client.slow_page
    return (
        f"The server took {seconds:.1f} s for a page of {schedules} schedules."
        " Started with the variable PYTHONTZPATH set to nothing, it takes a tenth of that."
    )


def _queries(names: Iterable[str] | None, tag: str | None) -> list[dict[str, Json]]:
    by_tag = {} if tag is None else {"tags": {"all_": [tag]}}
    if names is None:
        return [{"sort": BY_CREATION, **({"deployments": by_tag} if by_tag else {})}]
    return [
        {"sort": BY_CREATION, "deployments": {"name": {"any_": list(chunk)}, **by_tag}}
        for chunk in chunks(sorted(set(names)))
    ]


async def _read(client: Client, query: Mapping[str, Json]) -> list[Json]:
    found: list[Json] = []
    begun = time.perf_counter()
    async for page in pages(client, "/deployments/filter", query):
        if not found and not client.endpoint.is_cloud:
            seconds = time.perf_counter() - begun
            schedules = sum(len(document["schedules"]) for document in page)
            if seconds > max(SLOW_PAGE, SLOW_SCHEDULE * schedules) and schedules > len(page) / 4:
                client.slow_page = (seconds, schedules)
        found += page
    return found


async def _flow_names(client: Client, ids: set[str]) -> dict[str, str]:
    return {flow["id"]: flow["name"] for flow in await matching(client, "flows", "id", ids)}


# From the API's shape to the plan's ------------------------------------------------------


def _live(
    document: Mapping[str, Json], flow: str, triggers: tuple[Mapping[str, Json], ...] | None
) -> Live:
    limit = document.get("global_concurrency_limit") or {}
    return Live(
        id=document["id"],
        flow=flow,
        flow_id=document["flow_id"],
        name=document["name"],
        body=body_of(document),
        schedules=schedules_of(document),
        triggers=triggers,
        labels=document.get("labels") or {},
        shared_limit="" if _is_own(limit) else str(limit.get("name", "")),
    )


def body_of(document: Mapping[str, Json]) -> dict[str, Json]:
    """What the API gives for a deployment, by the names and in the shape that it takes.

    The limit of its runs comes back as an object of its own. Where somebody has linked a limit
    that others use too, it is not the deployment's, and is left out: to write None to it would
    delete it for all.
    """
    body = {field: document.get(field) for field in FIELDS}
    limit = document.get("global_concurrency_limit") or {}
    body["concurrency_limit"] = limit.get("limit") if _is_own(limit) else None
    options = {
        key: value
        for key, value in (document.get("concurrency_options") or {}).items()
        if value is not None
    }
    body["concurrency_options"] = options or None
    return body


def _is_own(limit: Mapping[str, Json]) -> bool:
    return str(limit.get("name", "")).startswith("deployment:")


def schedules_of(document: Mapping[str, Json]) -> tuple[Schedule, ...]:
    """A deployment's schedules in the order in which they were written."""
    said = sorted(document.get("schedules") or (), key=lambda item: item["created"])
    return tuple(
        Schedule(
            slug=item.get("slug"),
            timing=_timing(item),
            active=item["active"],
            parameters=item.get("parameters") or {},
            max_scheduled_runs=item.get("max_scheduled_runs"),
        )
        for item in said
    )


def _timing(item: Mapping[str, Json]) -> dict[str, Json]:
    """A rule's start is told apart from the server's by when the schedule was written."""
    timing: Mapping[str, Json] = item["schedule"]
    for moment in ("created", "updated"):
        written = item.get(moment)
        timing = canonical_timing(timing, written=read_time(written) if written else None)
    return dict(timing)
