"""Deleting deployments, with the automations that they own.

A server keeps those automations when their deployment goes (tried on 3.4.0 and 3.8.8), and nobody
could tell afterwards whose they were. So they go first: a writer that is killed in between leaves
a deployment that the next one deletes, and never an automation that nobody owns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowlift.errors import AnswerError, FlowliftError, RefusedError, UnreachableError
from flowlift.plan.model import Change
from flowlift.workspace.automations import resource
from flowlift.workspace.client import Client
from flowlift.workspace.gather import together


async def remove(client: Client, changes: Sequence[Change]) -> list[tuple[Change, str | None]]:
    """Delete the deployments of `changes`, at most 50; each with why it failed, or None.

    One that is gone already counts as deleted.
    """
    ids = {change.deployment: change.live.id for change in changes if change.live}
    failures: dict[str, str] = {}

    async def automations(change: Change) -> None:
        if change.live is None or change.live.triggers == ():
            return
        try:
            await client.delete(f"/automations/owned-by/{resource(change.live.id)}")
        except RefusedError as error:
            if change.live.triggers is not None:  # else this key never saw any
                failures[change.deployment] = error.message
        except FlowliftError as error:
            failures[change.deployment] = error.message

    async def deployment(key: str) -> None:
        try:
            await client.delete(f"/deployments/{ids[key]}")
        except FlowliftError as error:
            failures[key] = error.message

    await together(automations(change) for change in changes)
    doomed = {key: id_ for key, id_ in ids.items() if key not in failures}
    try:
        gone = await _in_bulk(client, doomed)
    except UnreachableError as error:
        return [(change, failures.get(change.deployment, error.message)) for change in changes]
    await together(deployment(key) for key in doomed if key not in gone)
    return [(change, failures.get(change.deployment)) for change in changes]


async def _in_bulk(client: Client, doomed: Mapping[str, str]) -> set[str]:
    """Delete in one request, where the server can; which are gone.

    Only own servers: what Prefect Cloud makes of this request is not known, and a server that
    overlooked the filter would delete others.
    """
    if len(doomed) < 2 or client.endpoint.is_cloud:
        return set()
    query = {"deployments": {"id": {"any_": list(doomed.values())}}, "limit": len(doomed)}
    try:
        answer = await client.post("/deployments/bulk_delete", query, repeatable=True)
    except AnswerError:
        return set()
    deleted = set(answer["deleted"])
    return {key for key, id_ in doomed.items() if id_ in deleted}
