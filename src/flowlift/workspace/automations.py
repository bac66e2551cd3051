"""The automations that belong to deployments: which they are, and in what shape.

The API never says which deployment owns an automation: `/automations/filter` leaves it out, and
`/automations/related-to/prefect.deployment.ID` also gives those that people made to run it. Only
`DELETE /automations/owned-by/...` knows (read in Prefect 3.4.0 and 3.8.8, and tried). So an
automation that runs a deployment is taken as its own

- where it is named as Prefect names those of a manifest's triggers, `NAME__automation_1`,
- where the deployment's label `flowlift.triggers` lists its name, which the writer puts there,
- or where flowlift never wrote the deployment: it cannot tell, so it includes. The write that
  follows deletes none but owned ones, and from then on the label tells.

Reading all automations is one request for 200. Only where there are more, and few deployments to
read them for, those related to each are asked for instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flowlift.errors import AnswerError, RefusedError
from flowlift.findings import Json
from flowlift.plan import stamps
from flowlift.plan.triggers import canonical
from flowlift.workspace.client import Client
from flowlift.workspace.gather import together
from flowlift.workspace.paging import PAGE, everything

LABEL = stamps.PREFIX + "triggers"
"""The label that lists the names of the automations that flowlift made for a deployment."""

FEW = 10
"""For so many deployments at most, the automations of each are asked for one by one."""

FIELDS = (
    "name",
    "description",
    "enabled",
    "tags",
    "trigger",
    "actions",
    "actions_on_trigger",
    "actions_on_resolve",
)
"""What makes an automation, by the names of the API; the rest is the server's."""

Triggers = tuple[Mapping[str, Json], ...]


@dataclass(frozen=True, slots=True)
class Automations:
    """The automations read so far: `complete` where there are no more than those."""

    items: tuple[Json, ...]
    complete: bool


async def read_automations(client: Client) -> Automations | None:
    """The newest page of automations; None where this key may not see any, or there is no such."""
    query = {"sort": "CREATED_DESC", "limit": PAGE, "offset": 0}
    try:
        items = await client.post("/automations/filter", query)
    except RefusedError:
        return None
    except AnswerError as error:
        if error.status not in {404, 405}:
            raise
        return None
    return Automations(tuple(items), complete=len(items) < PAGE)


async def owned_triggers(
    client: Client, known: Automations | None, deployments: Mapping[str, Mapping[str, Json]]
) -> dict[str, Triggers]:
    """The triggers of each deployment by its id; empty where none could be read."""
    if known is None:
        return {}
    items: Iterable[Json] = known.items
    if not known.complete:
        items = await _more(client, list(deployments))
    found: dict[str, list[Json]] = {key: [] for key in deployments}
    for item in sorted(items, key=lambda item: item.get("created") or ""):
        for key in deployment_ids(item):
            if key in found and is_owned(item, deployments[key]):
                found[key].append(normal(item))
    return {key: tuple(triggers) for key, triggers in found.items()}


async def _more(client: Client, ids: list[str]) -> list[Json]:
    if len(ids) > FEW:
        return await everything(client, "/automations/filter", {"sort": "CREATED_DESC"})
    related = await together(related_to(client, key) for key in ids)
    return list({item["id"]: item for items in related for item in items}.values())


async def related_to(client: Client, deployment_id: str) -> list[Json]:
    """The automations that a deployment owns, and those that run it."""
    found = await client.get(f"/automations/related-to/{resource(deployment_id)}")
    return list(found)


def resource(deployment_id: str) -> str:
    """A deployment as the owner of automations."""
    return f"prefect.deployment.{deployment_id}"


def deployment_ids(automation: Mapping[str, Json]) -> list[str]:
    """The deployment that an automation runs, if it does nothing else."""
    actions = automation.get("actions") or []
    if len(actions) != 1 or actions[0].get("type") != "run-deployment":
        return []
    key = actions[0].get("deployment_id")
    return [key] if key else []


def is_owned(automation: Mapping[str, Json], deployment: Mapping[str, Json]) -> bool:
    """Whether an automation that runs `deployment` is one of its triggers, as far as can be told.

    See the head of this module for how.
    """
    name = str(automation.get("name"))
    if re.fullmatch(re.escape(deployment["name"]) + r"__automation_\d+", name):
        return True
    labels = deployment.get("labels") or {}
    if not any(label.startswith(stamps.PREFIX) for label in labels):
        return True
    return name in names_in(labels)


def names_in(labels: Mapping[str, Json]) -> list[str]:
    """The names that the label `flowlift.triggers` lists."""
    try:
        names = json.loads(str(labels.get(LABEL, "[]")))
    except ValueError:
        return []
    return [str(name) for name in names] if isinstance(names, list) else []


def label(triggers: Iterable[Mapping[str, Json]]) -> dict[str, str]:
    """The label that lists the names of `triggers`, none where there are none."""
    names = [str(trigger.get("name")) for trigger in triggers]
    return {LABEL: json.dumps(names, ensure_ascii=False)} if names else {}


def normal(automation: Mapping[str, Json]) -> Mapping[str, Json]:
    """An automation in the form in which a plan says it; 3.4.0 knows no `tags`."""
    document = {field: automation[field] for field in FIELDS if field in automation}
    found: Mapping[str, Json] = canonical({"tags": [], **document})
    return found
