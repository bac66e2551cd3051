"""A whole Prefect workspace: filled beforehand, and read with everything it holds.

Nothing of flowlift is used here: the differential test must not measure flowlift with itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from tests.parts.servers import Server

PAGE = 200

Json = Any
Things = dict[str, Json]


def prepare(server: Server, needs: Mapping[str, Json]) -> None:
    """Make the pools, queues, variables and blocks that a corpus needs beforehand."""
    bundled = server.request("GET", "/collections/views/aggregate-worker-metadata")
    kinds = {kind: worker for package in bundled.values() for kind, worker in package.items()}
    for name, kind in needs["pools"].items():
        template = kinds[kind]["default_base_job_configuration"]
        pool = {"name": name, "type": kind, "base_job_template": template}
        server.request("POST", "/work_pools/", pool)
    for pool, queue in needs["queues"]:
        server.request("POST", f"/work_pools/{pool}/queues", {"name": queue})
    for name, value in needs["variables"].items():
        server.request("POST", "/variables/", {"name": name, "value": value})
    for (kind, name), data in needs["blocks"].items():
        block_type, schema = _block_type(server, kind, data)
        body = {"name": name, "data": data, "block_type_id": block_type}
        server.request("POST", "/block_documents/", {**body, "block_schema_id": schema})


def _block_type(server: Server, slug: str, data: Mapping[str, Json]) -> tuple[str, str]:
    """The ids of a block type and of its schema; a type that no server brings is made."""
    try:
        block_type = server.request("GET", f"/block_types/slug/{slug}")["id"]
    except httpx.HTTPStatusError as error:
        if error.response.status_code != httpx.codes.NOT_FOUND:
            raise
        named = {"name": slug.replace("-", " "), "slug": slug}
        block_type = server.request("POST", "/block_types/", named)["id"]
        fields = {"title": slug, "type": "object", "properties": {key: {} for key in data}}
        body = {"block_type_id": block_type, "fields": fields, "capabilities": []}
        return block_type, server.request("POST", "/block_schemas/", body)["id"]
    wanted = {"block_schemas": {"block_type_id": {"any_": [block_type]}}}
    return block_type, server.request("POST", "/block_schemas/filter", wanted)[0]["id"]


def read(server: Server) -> dict[str, Things]:
    """Everything that the server holds, by kind, each thing under a name that two servers share.

    Ids of known things are replaced by their names. Deployments are named `flow/name` and hold
    their schedules and, as `automations`, the automations whose action runs them.
    """
    flows = _all(server, "/flows/filter")
    pools = _all(server, "/work_pools/filter")
    queues = [
        {**queue, "pool": pool["name"]}
        for pool in pools
        for queue in _all(server, f"/work_pools/{pool['name']}/queues/filter")
    ]
    deployments = _all(server, "/deployments/filter")
    names = {thing["id"]: thing["name"] for thing in (*flows, *pools)}
    names |= {queue["id"]: f"{queue['pool']}/{queue['name']}" for queue in queues}
    names |= {d["id"]: f"{names[d['flow_id']]}/{d['name']}" for d in deployments}
    automations = _automations(server)
    return {
        "deployments": {
            names[d["id"]]: _named({**d, "automations": automations.pop(d["id"], [])}, names)
            for d in deployments
        },
        "flows": _by_name(flows, names),
        "pools": _by_name(pools, names),
        "queues": {names[queue["id"]]: _named(queue, names) for queue in queues},
        "variables": _by_name(_all(server, "/variables/filter"), names),
        "blocks": {
            f"{block['block_type']['slug']}/{block['name']}": block["data"]
            for block in _all(server, "/block_documents/filter", include_secrets=True)
        },
        "automations of nothing": _named(automations, names),
    }


def _automations(server: Server) -> dict[str, list[Json]]:
    """The automations in the order in which they were made, by the deployment that they run."""
    by_deployment: dict[str, list[Json]] = {}
    for automation in sorted(_all(server, "/automations/filter"), key=lambda a: a["created"]):
        runs = (action.get("deployment_id") for action in automation["actions"])
        by_deployment.setdefault(next(filter(None, runs), ""), []).append(automation)
    return by_deployment


def _by_name(things: Iterable[Json], names: Mapping[str, str]) -> Things:
    return {thing["name"]: _named(thing, names) for thing in things}


def _named(value: Json, names: Mapping[str, str]) -> Json:
    """`value` with each id that names a known thing replaced by the thing's name."""
    if isinstance(value, dict):
        return {key: _named(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_named(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value


def _all(server: Server, path: str, **body: Json) -> list[dict[str, Json]]:
    found: list[dict[str, Json]] = []
    while True:
        page = server.request("POST", path, {**body, "limit": PAGE, "offset": len(found)})
        found += page
        if len(page) < PAGE:
            return found
