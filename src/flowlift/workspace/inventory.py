"""What the checks and templates need of a workspace: only what they ask for, in few requests."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from flowlift.errors import AnswerError
from flowlift.findings import Json
from flowlift.plan.model import Pool
from flowlift.workspace.client import Client
from flowlift.workspace.gather import together
from flowlift.workspace.paging import PAGE, everything, matching
from flowlift.workspace.pools import pool_names, pool_path

BlockName = tuple[str, str]
"""A block's type slug and name, as in `prefect.blocks.SLUG.NAME`."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block document. `is_secret` says that its type holds secrets, which `data` then shows."""

    data: Json = field(repr=False)
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class Inventory:
    """What exists of what was asked for; what is missing in a mapping does not exist.

    `pool_names` are all work pools, to suggest from: read only where one that was asked for is
    missing.
    """

    pools: Mapping[str, Pool] = field(default_factory=dict)
    variables: Mapping[str, Json] = field(default_factory=dict, repr=False)
    blocks: Mapping[BlockName, Block] = field(default_factory=dict)
    pool_names: tuple[str, ...] = ()


async def read_inventory(
    client: Client,
    pools: Collection[str] = (),
    variables: Collection[str] = (),
    blocks: Collection[BlockName] = (),
) -> Inventory:
    """Read what exists of these.

    Two requests for pools with their queues, one for variables, one for blocks, all at once.
    """
    found_pools, found_variables, found_blocks = await together(
        (
            _pools(client, pools),
            _variables(client, variables),
            _blocks(client, blocks),
        )
    )
    names: tuple[str, ...] = ()
    if len(found_pools) < len(set(pools)):
        names = tuple(await pool_names(client))
    return Inventory(found_pools, found_variables, found_blocks, names)


async def _pools(client: Client, names: Collection[str]) -> dict[str, Pool]:
    if not names:
        return {}
    pools, queues = await together(
        (matching(client, "work_pools", "name", names), _queues(client, names))
    )
    return {
        pool["name"]: Pool(
            name=pool["name"],
            type=pool["type"],
            paused=pool.get("is_paused", False),
            base_job_template=pool.get("base_job_template") or {},
            queues=frozenset(queues.get(pool["name"], ())),
        )
        for pool in pools
    }


async def _queues(client: Client, pools: Collection[str]) -> dict[str, set[str]]:
    """The names of the pools' queues.

    All queues of the workspace at once; where they fill a page, those of each pool, as their order
    by name alone says little where every pool has a queue `default`.
    """
    found: dict[str, set[str]] = {}
    queues = await client.post("/work_queues/filter", {"limit": PAGE, "offset": 0})
    if len(queues) >= PAGE:
        parts = await together(_queues_of(client, pool) for pool in sorted(pools))
        queues = [queue for part in parts for queue in part]
    for queue in queues:
        found.setdefault(queue.get("work_pool_name") or "", set()).add(queue["name"])
    return found


async def _queues_of(client: Client, pool: str) -> list[Json]:
    try:
        queues = await everything(client, f"{pool_path(pool)}/queues/filter", {})
    except AnswerError as error:
        if error.status != 404:
            raise
        return []
    return [{**queue, "work_pool_name": pool} for queue in queues]


async def _variables(client: Client, names: Collection[str]) -> dict[str, Json]:
    found = await matching(client, "variables", "name", names)
    return {variable["name"]: variable["value"] for variable in found}


async def _blocks(client: Client, wanted: Collection[BlockName]) -> dict[BlockName, Block]:
    if not wanted:
        return {}
    query = {
        "block_types": {"slug": {"any_": sorted({slug for slug, _ in wanted})}},
        "block_documents": {"name": {"any_": sorted({name for _, name in wanted})}},
        "include_secrets": True,
    }
    blocks = {}
    for document in await everything(client, "/block_documents/filter", query):
        name = (document["block_type"]["slug"], document["name"])
        if name in wanted:
            fields = (document.get("block_schema") or {}).get("fields") or {}
            blocks[name] = Block(document.get("data"), bool(fields.get("secret_fields")))
    return blocks
