"""The images that a workspace runs: which are in use, and the one that a work pool starts with."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from urllib.parse import quote

from flowlift.errors import WorkspaceError
from flowlift.findings import Json
from flowlift.workspace.api_errors import AnswerError
from flowlift.workspace.client import Client
from flowlift.workspace.gather import together
from flowlift.workspace.paging import everything


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A pool's image before and after; `written` is False where it was right already."""

    pool: str
    before: str
    after: str
    written: bool


async def images_in_use(client: Client) -> set[str]:
    """Every image that a work pool or a deployment names, as it is written there."""
    pools, deployments = await together(
        (
            everything(client, "/work_pools/filter", {}),
            everything(client, "/deployments/filter", {"sort": "CREATED_DESC"}),
        )
    )
    found = {_default(pool.get("base_job_template")) for pool in pools}
    for deployment in deployments:
        found.add((deployment.get("job_variables") or {}).get("image"))
    return {image for image in found if isinstance(image, str) and image}


async def hand_over(client: Client, pool: str, image: str) -> HandedOver:
    """Let what `pool` starts use `image`, unless a deployment says otherwise.

    Only the default of the template's `image` variable is changed. What is right already is not
    written. What was written is read back and compared.

    Raises:
        WorkspaceError: there is no such pool, its template has no image, or it holds something else
            afterwards.
    """
    path = f"/work_pools/{quote(pool, safe='')}"
    template = await _template(client, pool, path)
    before = _default(template)
    if before is None:
        raise WorkspaceError(
            f"The work pool {pool!r} has no image: its base job template has no variable `image`.",
            remedy="Name a pool of type kubernetes, docker or another that runs images.",
        )
    if before == image:
        return HandedOver(pool, before, image, written=False)
    wanted = copy.deepcopy(template)
    wanted["variables"]["properties"]["image"]["default"] = image
    await client.patch(path, {"base_job_template": wanted})
    if await _template(client, pool, path) != wanted:
        raise WorkspaceError(
            f"The work pool {pool!r} does not hold what was written to it.",
            remedy="Something else writes its base job template, perhaps a starting worker."
            " Run again.",
        )
    return HandedOver(pool, before, image, written=True)


async def _template(client: Client, pool: str, path: str) -> Json:
    try:
        return (await client.get(path)).get("base_job_template") or {}
    except AnswerError as error:
        if error.status != 404:
            raise
        raise WorkspaceError(
            f"There is no work pool {pool!r} in {client.endpoint.environment}.",
            remedy="Correct `pools` in [tool.flowlift.image], or make the pool: prefect work-pool"
            f" create {pool}",
        ) from None


def _default(template: Json) -> str | None:
    """The image that a base job template starts with; None where it knows of no image."""
    try:
        variable = template["variables"]["properties"]["image"]
    except (KeyError, TypeError):
        return None
    return str(variable.get("default") or "") if isinstance(variable, dict) else None
