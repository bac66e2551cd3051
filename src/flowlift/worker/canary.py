"""The canary: a run after an update that must end well, in exactly the image of the pool."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from urllib.parse import quote

from flowlift.errors import AnswerError, WorkerError
from flowlift.findings import Json
from flowlift.image.login import refuses_login
from flowlift.voice import Voice
from flowlift.worker.cluster.cluster import Cluster
from flowlift.worker.cluster.watch import complete, judge
from flowlift.worker.model import DesiredWorker
from flowlift.workspace.client import Client
from flowlift.workspace.runs import FlowRun, cancel_run, last_logs, start_run, watch_runs

TAG = "flowlift-canary"
LOG_LINES = 5
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
    desired: DesiredWorker,
    *,
    timeout: float,
    voice: Voice,
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
    voice.say(f"Canary: {name} as {run.name}")
    flight = _Flight(client, cluster, desired, run, timeout)
    await flight.watch()
    digest = (desired.pool.image or "").rpartition("@")[2]
    image = flight.image
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
    return Canary(run.id, name, image, round(time.monotonic() - flight.begun, 1))


@dataclass
class _Flight:
    """A canary's run, watched to its end together with its pod."""

    client: Client
    cluster: Cluster
    desired: DesiredWorker
    run: FlowRun
    timeout: float
    begun: float = field(default_factory=time.monotonic)
    image: str = ""
    _pod: Json = None
    _seen: int = 0

    async def watch(self) -> None:
        """Wait for the end; a run that is given up is cancelled.

        Raises:
            WorkerError: it does not start, does not end well, or not in time.
        """
        now: FlowRun | None = self.run
        try:
            async for runs in watch_runs(self.client, {self.run.id}):
                now = runs.get(self.run.id)
                await self._look()
                if now is None or now.ended:
                    break
                await self._give_up(now)
        finally:
            if now is not None and not now.ended:
                await cancel_run(self.client, self.run.id, "flowlift worker update gave it up")
        if now is None or not now.succeeded:
            await self._look()
            log = await last_logs(self.client, self.run.id, LOG_LINES)
            said = [f"  {line[:300]}" for line in (now.message if now else "").splitlines()[:3]]
            said += [f"  | {line.message.splitlines()[0][:200]}" for line in log if line.message]
            if trouble := judge(self._pod) if self._pod else None:
                said += (await complete(self.cluster, trouble, ())).lines()
            shown = "".join(f"\n{line}" for line in said)
            raise WorkerError(
                f"The canary {self.desired.canary} ended as {now.state if now else 'deleted'}."
                + shown,
                remedy=f"Look at the run: {self.client.endpoint.flow_run_url(self.run.id)}",
            )

    async def _look(self) -> None:
        self._pod = await _pod(self.cluster, self.run.id) or self._pod
        self.image = image_id(self._pod) or self.image

    async def _give_up(self, now: FlowRun) -> None:
        """Stop where the pod cannot start: Prefect would wait for it for ever."""
        trouble = judge(self._pod) if self._pod else None
        self._seen = self._seen + 1 if trouble and not trouble.passing else 0
        if trouble is not None and self._seen >= TRIES:
            trouble = await complete(self.cluster, trouble, await self.cluster.events())
            raise WorkerError(
                f"The canary {self.desired.canary} does not run.\n" + "\n".join(trouble.lines()),
                remedy=_remedy(trouble.reason, trouble.message, self.desired),
            )
        if time.monotonic() - self.begun > self.timeout:
            raise WorkerError(
                f"The canary {self.desired.canary} is {now.state} after {self.timeout:.0f} s.",
                remedy=f"Look at the run: {self.client.endpoint.flow_run_url(self.run.id)}",
            )


def image_id(pod: Json) -> str:
    """The id of the image that a run's pod runs, "" where it has not begun."""
    statuses = ((pod or {}).get("status") or {}).get("containerStatuses") or ()
    return next((str(item["imageID"]) for item in statuses if item.get("imageID")), "")


async def _deployment(client: Client, name: str) -> Json:
    flow, _, own = name.partition("/")
    path = f"/deployments/name/{quote(flow, safe='')}/{quote(own, safe='')}"
    if (found := await client.find(path)) is not None:
        return found
    raise WorkerError(
        f"The canary {name} is not in {client.endpoint.environment}.",
        remedy="Deploy it first, or correct `canary` in [tool.flowlift.worker]: it is"
        " flow/deployment.",
    )


async def _pod(cluster: Cluster, run: str) -> Json:
    path = cluster.path("pods", labelSelector=f"prefect.io/flow-run-id={run}")
    found = (await cluster.get(path) or {}).get("items") or [None]
    return found[-1]


def _remedy(reason: str, message: str, desired: DesiredWorker) -> str:
    if reason == "InvalidImageName":
        return "A placeholder was left in the base job template, or its image is no reference."
    secrets = ", ".join(desired.job_pull_secrets) or "none"
    if refuses_login(message):
        return f"The registry refuses the login. Pull secrets of the template: {secrets}."
    return f"Look at the image, and at the template in {desired.values_file}."
