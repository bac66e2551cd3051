"""The canary: a run after an update that must end well, in exactly the image of the pool."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from flowlift.errors import WorkerError
from flowlift.plan.model import Json
from flowlift.worker.cluster import Cluster
from flowlift.worker.model import Desired
from flowlift.worker.watch import complete, judge
from flowlift.workspace.answers import AnswerError
from flowlift.workspace.client import Client
from flowlift.workspace.runs import cancel_run, last_logs, start_run, watch_runs

TAG = "flowlift-canary"
TRIES = 3
"""Looks at a pod in trouble, so that what passes by itself is no failure."""


@dataclass(frozen=True, slots=True)
class Canary:
    """A run that proved an update. `image` is the id of what its pod ran, as the node tells it."""

    run: str
    deployment: str
    image: str
    seconds: float


async def fly(
    client: Client,
    cluster: Cluster,
    desired: Desired,
    *,
    timeout: float,
    tell: Callable[[str], None],
) -> Canary | None:
    """Run the canary, where one is configured, and wait for its end.

    Raises:
        WorkerError: it does not exist, does not end well or in time, or ran in another image.
    """
    name = desired.canary
    if not name:
        return None
    deployment = await _deployment(client, name)
    try:
        run = await start_run(client, deployment["id"], tags=(TAG,))
    except AnswerError as error:
        raise WorkerError(
            f"The canary {name} cannot be run: {error.message}",
            remedy="Correct `canary` in [tool.flowlift.worker], or the deployment.",
        ) from None
    tell(f"Canary: {name} as {run.name}")
    begun = time.monotonic()
    image, seen, ended = "", 0, False
    try:
        async for runs in watch_runs(client, {run.id}):
            now = runs.get(run.id)
            pod = await _pod(cluster, run.id)
            image = image_id(pod) or image
            trouble = judge(pod) if pod else None
            seen = seen + 1 if trouble and not trouble.passing else 0
            if now is None or now.ended:
                ended = True
                break
            if trouble is not None and seen >= TRIES:
                trouble = await complete(cluster, trouble, await cluster.events())
                raise WorkerError(
                    f"The canary {name} does not run.\n" + "\n".join(trouble.lines()),
                    remedy=_remedy(trouble.reason, trouble.message, desired),
                )
            if time.monotonic() - begun > timeout:
                raise WorkerError(
                    f"The canary {name} is {now.state} after {timeout:.0f} s.",
                    remedy=f"Look at the run: {client.endpoint.flow_run_url(run.id)}",
                )
    finally:
        if not ended:
            await cancel_run(client, run.id, "flowlift worker update gave it up")
    if now is None or not now.succeeded:
        log = await last_logs(client, run.id, 5)
        said = "".join(f"\n  | {line.message.splitlines()[0][:200]}" for line in log)
        raise WorkerError(
            f"The canary {name} ended as {now.state if now else 'deleted'}.{said}",
            remedy=f"Look at the run: {client.endpoint.flow_run_url(run.id)}",
        )
    digest = (desired.pool.image or "").rpartition("@")[2]
    if digest and not image.endswith(digest):
        own = (deployment.get("job_variables") or {}).get("image")
        raise WorkerError(
            f"The canary {name} ran in {image or 'an image that could not be read'}, not in"
            f" {desired.pool.image}.",
            remedy=f"The deployment has an image of its own, {own}: take it out of its job"
            " variables."
            if own
            else "Look at the pod's image; something else gives it to the run.",
        )
    return Canary(run.id, name, image, round(time.monotonic() - begun, 1))


def image_id(pod: Json) -> str:
    """The id of the image that a run's pod runs, "" where it has not begun."""
    statuses = ((pod or {}).get("status") or {}).get("containerStatuses") or ()
    return next((str(item["imageID"]) for item in statuses if item.get("imageID")), "")


async def _deployment(client: Client, name: str) -> Json:
    flow, _, own = name.partition("/")
    try:
        return await client.get(f"/deployments/name/{quote(flow, safe='')}/{quote(own, safe='')}")
    except AnswerError as error:
        if error.status != 404:
            raise
        raise WorkerError(
            f"The canary {name} is not in {client.endpoint.environment}.",
            remedy="Deploy it first, or correct `canary` in [tool.flowlift.worker]: it is"
            " flow/deployment.",
        ) from None


async def _pod(cluster: Cluster, run: str) -> Json:
    path = cluster.path("pods", labelSelector=f"prefect.io/flow-run-id={run}")
    found = (await cluster.get(path) or {}).get("items") or [None]
    return found[-1]


def _remedy(reason: str, message: str, desired: Desired) -> str:
    if reason == "InvalidImageName":
        return "A placeholder was left in the base job template, or its image is no reference."
    secrets = ", ".join(desired.job_pull_secrets) or "none"
    if any(word in message for word in ("401", "403", "denied", "nauthorized")):
        return f"The registry refuses the login. Pull secrets of the template: {secrets}."
    return f"Look at the image, and at the template in {desired.values_file}."
