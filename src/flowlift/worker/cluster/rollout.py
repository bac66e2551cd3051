"""A release brought to a new revision, under watch: ended early where a pod cannot start, and then
taken back. A release that a dead helm has left half done is put in order first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timezone

from flowlift.errors import ClusterError, HelmError, RolloutError, WorkerError
from flowlift.findings import Json
from flowlift.image.login import refuses_login
from flowlift.voice import SILENT, Voice
from flowlift.worker.cluster.cluster import Cluster
from flowlift.worker.cluster.helm import TIED_LABEL, Helm, HelmRelease, helm_error
from flowlift.worker.cluster.watch import LOOK_EVERY, PodTrouble, Watch
from flowlift.worker.model import DesiredWorker

ABANDONED = 300.0
"""Seconds after which a helm that somebody else has started counts as dead: its own timeout."""

ROLLBACK_PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Rollout:
    """How a release is changed. `voice` says each step; `timeout` is in seconds."""

    cluster: Cluster
    helm: Helm
    desired: DesiredWorker
    voice: Voice = SILENT
    timeout: float = 300.0

    async def recover(self, live: HelmRelease | None) -> HelmRelease | None:
        """Put a release in order that is half done; the release as it is then.

        A helm that flowlift has started ends with it, so what it left is dead. One that somebody
        else has started gets the time that helm itself takes at most.

        Raises:
            HelmError, ClusterError: it cannot be put in order.
        """
        told = False
        while live is not None and live.newest.pending:
            age = (datetime.now(timezone.utc) - live.newest.updated).total_seconds()
            if await self._is_dead(live) or age > ABANDONED:
                return await self._put_in_order(live)
            if not told:
                told = True
                self.voice.say(
                    f"Release {live.name} is {live.newest.status} since"
                    f" {live.newest.updated:%H:%M:%S} UTC: another helm is at work; waiting."
                )
            await asyncio.sleep(2.0)
            live = await self.helm.read(live.name)
        return live

    async def install(self, before: HelmRelease | None, pods: Collection[Json]) -> None:
        """Install or upgrade; `before` is the release as it was, `pods` those that it had.

        Raises:
            RolloutError: it did not come up, and was taken back.
            HelmError: helm refused before anything was changed.
        """
        revision = before.newest.number + 1 if before else 1
        program = await self.helm.upgrade(self.desired, revision=revision, timeout=self.timeout)
        watch = self._watch(pods)
        trouble: PodTrouble | None = None
        try:
            while trouble is None and not await program.wait(LOOK_EVERY):
                trouble = await _look(watch)
            if trouble is not None:
                self.voice.say(f"{trouble.reason} in {trouble.pod}: stopping helm.")
            answer = await program.end() if trouble else await program.answer()
        except asyncio.CancelledError:
            await program.end()
            raise
        if trouble is None and answer is not None and answer.code == 0:
            return
        if trouble is None:
            trouble = await _look(watch)
        after = await self.helm.read(self.desired.release)
        if answer is not None and not _has_begun(before, after):
            raise helm_error("upgrade", answer)
        reason = "\n".join(trouble.lines()) if trouble else _said(answer)
        done = await self.take_back(before)
        raise RolloutError(
            f"The new worker does not start, so {done}.\n{reason}",
            remedy=remedy(trouble, self.desired) if trouble else "kubectl get events shows more.",
        )

    async def restart(self, pods: Collection[Json]) -> None:
        """Replace the pods, and wait until the new ones run.

        Raises:
            WorkerError: they do not.
        """
        watch = self._watch(pods)
        await self.cluster.restart(self.desired.release)
        deadline = time.monotonic() + self.timeout
        while not watch.ready:
            if trouble := await _look(watch):
                raise WorkerError(
                    "The restarted worker does not start.\n" + "\n".join(trouble.lines()),
                    remedy=remedy(trouble, self.desired),
                )
            if time.monotonic() > deadline:
                raise WorkerError(
                    f"The restarted worker does not run after {self.timeout:.0f} s.",
                    remedy=f"kubectl -n {self.desired.namespace} get events",
                )
            await asyncio.sleep(LOOK_EVERY)

    def _watch(self, pods: Collection[Json]) -> Watch:
        known = {pod["metadata"]["uid"] for pod in pods}
        return Watch(self.cluster, self.desired.release, known, voice=self.voice)

    async def _is_dead(self, live: HelmRelease) -> bool:
        """Whether the helm that made this revision cannot be alive any more."""
        selector = f"owner=helm,name={live.name},version={live.newest.number}"
        found = await self.cluster.get(self.cluster.path("secrets", labelSelector=selector))
        labels = [item["metadata"].get("labels") or {} for item in (found or {}).get("items", ())]
        return any(label.get(TIED_LABEL) == str(live.newest.number) for label in labels)

    async def _put_in_order(self, live: HelmRelease) -> HelmRelease | None:
        good = live.good
        if good is None:
            self.voice.say(f"Release {live.name} was left {live.newest.status}: removing it.")
            await self.helm.uninstall(live.name)
            return None
        self.voice.say(
            f"Release {live.name} was left {live.newest.status}: back to revision {good.number}."
        )
        await self.helm.rollback(live.name, good.number)
        return await self.helm.read(live.name)

    async def take_back(self, before: HelmRelease | None) -> str:
        """Undo a revision that did not come up, `before` being the release before it; what was
        done, in words.
        """
        good = before.good if before else None
        try:
            if before is None or good is None:
                await self.helm.uninstall(self.desired.release)
                return "the release, which is the first, was removed again"
            await self.helm.rollback(before.name, good.number, timeout=ROLLBACK_PATIENCE)
        except HelmError as error:
            return f"it was to be taken back, which failed as well ({error.message})"
        else:
            return f"the release was rolled back to revision {good.number}"


def remedy(trouble: PodTrouble, desired: DesiredWorker) -> str:
    """What to do about a pod that does not start."""
    said = f"{trouble.message} {' '.join(trouble.log)}"
    secrets = ", ".join(desired.pull_secrets) or "none"
    if trouble.reason == "FailedToRetrieveImagePullSecret":
        return f"A pull secret is missing ({secrets}): add it to `secrets`."
    if trouble.reason in {"ErrImagePull", "ImagePullBackOff"}:
        if refuses_login(said):
            return (
                f"The registry refuses the login. Pull secrets of the worker: {secrets}."
                " Correct the variables of that secret, and run again."
            )
        return f"Correct worker.image in {desired.values_file}."
    if trouble.reason in {"InvalidImageName", "ErrImageNeverPull"}:
        return f"Correct worker.image in {desired.values_file}."
    if trouble.reason == "CreateContainerConfigError":
        return "Add the secret to `secrets`, or correct its name or key in the values."
    if trouble.reason == "Unschedulable":
        return "Make room on the node, or ask for less in worker.resources."
    if trouble.container == "sync-base-job-template":
        return f"Prefect refuses the base job template, or it is no JSON: {desired.values_file}."
    return f"Correct {desired.values_file}; the log above tells what went wrong."


async def _look(watch: Watch) -> PodTrouble | None:
    """A look that may fail: helm has its own view of a cluster that does not answer."""
    try:
        return await watch.look()
    except ClusterError:
        return None


def _has_begun(before: HelmRelease | None, after: HelmRelease | None) -> bool:
    """Whether helm has written a revision."""
    if after is None:
        return False
    return before is None or after.newest.number > before.newest.number


def _said(answer: object) -> str:
    said = getattr(answer, "said", "")
    return f"helm: {said}" if said else "helm did not end."
