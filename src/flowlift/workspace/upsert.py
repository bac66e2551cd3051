"""Creating or updating one deployment, so that it is afterwards what was desired.

One upsert says everything, but the API has gaps, each found by trying 3.4.0 and 3.8.8:

- an upsert drops a schedule's `max_scheduled_runs`: set by a PATCH of the schedule, which wipes
  its parameters unless they are sent again;
- it never takes a work pool away, and 3.4.0 never the last job variable: tried by a PATCH, and
  where that does not help either, told as a failure;
- `concurrency_limit: null` deletes whatever limit is linked, also one that others use: sent only
  where the deployment has one of its own.

Triggers: what is owned is deleted before the upsert and made anew after it, so that wherever the
writer is killed the label of the next reading (see `automations`) shows what is missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from flowlift.errors import UnreachableError, WorkspaceError
from flowlift.findings import Json
from flowlift.plan.fields import DEFAULTS, FIELDS, is_known
from flowlift.plan.model import Change, Desired, Live, Schedule
from flowlift.workspace.automations import label, normal, related_to, resource
from flowlift.workspace.client import Client
from flowlift.workspace.paging import matching

PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between attempts to make an automation, which must not be made twice."""

_NEVER_NULL = ("tags", "parameters", "enforce_parameter_schema", "paused", "job_variables")


class Putter:
    """Puts deployments into a workspace; each flow is looked up or made once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._flows: dict[str, asyncio.Task[str]] = {}
        self._known: dict[str, str] = {}

    async def look_up_flows(self, changes: Iterable[Change]) -> None:
        """Find the flows of new deployments together, where asking for each would cost more."""
        names = {change.desired.flow for change in changes if change.desired}
        if len(names) < 2:
            return
        found = await matching(self._client, "flows", "name", names)
        self._known.update((flow["name"], flow["id"]) for flow in found)

    async def put(self, change: Change) -> None:
        """Create or update the deployment of `change`.

        Raises:
            WorkspaceError: the API refused, or did not do all that it was asked.
        """
        desired, live = change.desired, change.live
        if desired is None or not is_known(dict(desired.body)):
            raise WorkspaceError("What is desired is not known, so it was not written.")
        renew = triggers_differ(desired, live)
        if live is not None and renew and live.triggers != ():
            await self._client.delete(f"/automations/owned-by/{resource(live.id)}")
        flow_id = live.flow_id if live else await self._flow(desired.flow)
        labels = {**change.labels, **label(desired.triggers)}
        body = request_body(desired, live, flow_id, labels)
        answer = await self._client.post("/deployments/", body, repeatable=True)
        await self._fill_gaps(answer, body)
        await self._limit_schedules(answer, desired.schedules)
        if renew:
            await self._make_triggers(answer["id"], desired.triggers)

    async def _flow(self, name: str) -> str:
        """The id of the flow; deployments of one flow wait for the same answer."""
        if name in self._known:
            return self._known[name]
        if name not in self._flows:
            self._flows[name] = asyncio.create_task(self._make_flow(name))
        return await asyncio.shield(self._flows[name])

    async def _make_flow(self, name: str) -> str:
        flow = await self._client.post("/flows/", {"name": name}, repeatable=True)
        return str(flow["id"])

    async def _fill_gaps(self, answer: Json, body: Mapping[str, Json]) -> None:
        """Take away what the upsert has left although it was told to."""
        left = {
            field: body[field]
            for field in ("work_pool_name", "job_variables")
            if answer.get(field) and not body[field]
        }
        if not left:
            return
        path = f"/deployments/{answer['id']}"
        await self._client.patch(path, left)
        now = await self._client.get(path)
        kept = [field for field in left if now.get(field)]
        if kept:
            version = await self._client.server_version()
            raise WorkspaceError(
                f"The server (Prefect {version}) keeps {' and '.join(kept)} although told to take"
                " it away; all else was written. A newer server does, or delete the deployment"
                " and apply again."
            )

    async def _limit_schedules(self, answer: Json, schedules: Sequence[Schedule]) -> None:
        made = sorted(answer.get("schedules") or (), key=lambda item: str(item["created"]))
        for schedule, item in zip(schedules, made, strict=False):
            if schedule.max_scheduled_runs not in (None, item.get("max_scheduled_runs")):
                await self._client.patch(
                    f"/deployments/{answer['id']}/schedules/{item['id']}",
                    {
                        "max_scheduled_runs": schedule.max_scheduled_runs,
                        "parameters": dict(schedule.parameters),
                    },
                )

    async def _make_triggers(
        self, deployment_id: str, triggers: Sequence[Mapping[str, Json]]
    ) -> None:
        """Make the automations one after the other, as their order is that of their creation."""
        for position, trigger in enumerate(triggers):
            so_far = triggers[: position + 1]
            await self._make_trigger(deployment_id, trigger, so_far.count(trigger))

    async def _make_trigger(
        self, deployment_id: str, trigger: Mapping[str, Json], number: int
    ) -> None:
        """Make an automation once: after an attempt of unknown outcome, look before the next.

        `number` says how many that are just the same there must be afterwards.
        """
        body = _automation(deployment_id, trigger)
        for pause in PAUSES:
            try:
                await self._client.post("/automations/", body)
            except UnreachableError:
                await asyncio.sleep(pause)
                have = [normal(item) for item in await related_to(self._client, deployment_id)]
                if have.count(trigger) >= number:
                    return
            else:
                return
        await self._client.post("/automations/", body)


def triggers_differ(desired: Desired, live: Live | None) -> bool:
    """Whether triggers are to be made anew; those that could not be read are left, if none are."""
    if live is None or live.triggers is None:
        return bool(desired.triggers)
    return live.triggers != desired.triggers


def request_body(
    desired: Desired, live: Live | None, flow_id: str, labels: Mapping[str, Json]
) -> dict[str, Json]:
    """The upsert that makes a deployment what is desired.

    Every field is sent: those that an upsert does not name stay as they are.
    """
    body: dict[str, Json] = {field: desired.body.get(field) for field in FIELDS}
    for name in _NEVER_NULL:
        if body[name] is None:
            body[name] = DEFAULTS[name]
    if body["concurrency_limit"] is None and not (live and live.body.get("concurrency_limit")):
        del body["concurrency_limit"]
    body["name"] = desired.name
    body["flow_id"] = flow_id
    body["labels"] = dict(labels)
    body["schedules"] = [
        {
            "schedule": dict(schedule.timing),
            "active": schedule.active,
            "parameters": dict(schedule.parameters),
            "slug": schedule.slug,
        }
        for schedule in desired.schedules
    ]
    return body


def _automation(deployment_id: str, trigger: Mapping[str, Json]) -> dict[str, Json]:
    """A trigger as the API takes it; `tags` only where there are any, as 3.4.0 refuses the word."""
    body = {key: value for key, value in trigger.items() if key != "tags" or value}
    body["actions"] = [{**action, "deployment_id": deployment_id} for action in trigger["actions"]]
    return {**body, "owner_resource": resource(deployment_id)}
