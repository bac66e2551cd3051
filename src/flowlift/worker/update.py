"""`worker update`: namespace and secrets, the Helm release, the pool's template; then the proof.

What is there already is not written: no lock is taken, no revision made. Killed anywhere and run
again, it does what is left.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from datetime import datetime

from flowlift.errors import AnswerError, FlowliftError, RolloutError, UnprovenError, WorkspaceError
from flowlift.findings import Json
from flowlift.project.project import Project
from flowlift.voice import Voice
from flowlift.worker.canary import Canary, fly
from flowlift.worker.check import find_in_cluster
from flowlift.worker.cluster.cluster import Cluster, open_cluster
from flowlift.worker.cluster.helm import Helm, HelmRelease
from flowlift.worker.cluster.rollout import Rollout
from flowlift.worker.cluster.secrets import WantedSecret, hidden, namespace_object, outdated, wanted
from flowlift.worker.look import (
    FRESH,
    InCluster,
    Looked,
    OnDrift,
    applied_template,
    look,
    reading,
)
from flowlift.worker.model import DesiredWorker, Part
from flowlift.worker.prepare import Prepared, prepare, workers_of
from flowlift.worker.proof import Proof, Prover, alive
from flowlift.workspace.client import Client
from flowlift.workspace.gather import together
from flowlift.workspace.lock import Lock
from flowlift.workspace.pools import TemplateChange, read_pool, write_template


@dataclass(frozen=True, slots=True)
class UpdateOrder:
    """What a user asks for. `timeout` is how long the release may take, in seconds."""

    image: str | None = None
    timeout: float = 300.0
    lock_wait: float = 300.0


@dataclass(frozen=True, slots=True)
class Updated:
    """A worker after an update. `changed` is False where nothing had to be done.

    `parts` is what was done, `heartbeat` the one that proved the worker, `notes` what was told.
    """

    environment: str
    pool: str
    image: str | None
    changed: bool
    parts: tuple[Part, ...] = ()
    release: str = ""
    namespace: str = ""
    revision: int = 0
    pod: str = ""
    worker: str = ""
    heartbeat: datetime | None = None
    canary: Canary | None = None
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


def update_worker(
    project: Project, environment: str, order: UpdateOrder, voice: Voice
) -> list[Updated]:
    """Bring every worker of `environment` to what its files say, and prove that it works.

    Raises:
        InputError, FindingsError: something is wrong with the files; nothing is written.
        ClusterError, HelmError: the cluster, or Helm, cannot be asked.
        LockedError: another update did not finish in time.
        WorkerError: the worker did not come up, or is not proven to work.
        WorkspaceError: the workspace cannot be asked, or refuses.
    """
    workers = workers_of(project, environment)

    async def work(client: Client) -> list[Updated]:
        done = []
        for worker in workers:
            async with reading(project.environ, environment, worker) as there:
                prepared = await prepare(
                    project,
                    environment,
                    worker,
                    client,
                    image=order.image,
                    voice=voice,
                    under_way=there,
                )
                voice.found(prepared.findings)
                prepared.refuse_errors()
                if prepared.desired is None:
                    done.append(await _update_pool(client, environment, prepared))
                    continue
                update = _Update(project, client, prepared, prepared.desired, order, voice)
                done.append(await update.run(there))
        return done

    return project.ask(environment, work)


async def _update_pool(client: Client, environment: str, prepared: Prepared) -> Updated:
    """A pool without Kubernetes: its template, by the API alone."""
    begun = time.perf_counter()
    pool, part = prepared.pool, prepared.pool_part
    if part.differs and pool.change is not None:
        await write_template(client, pool.name, pool.change)
    return Updated(
        environment=environment,
        pool=pool.name,
        image=pool.image,
        changed=part.differs,
        parts=(part,) if part.differs else (),
        seconds=round(time.perf_counter() - begun, 2),
    )


class _Discreet(Voice):
    """Says everything without the secrets' values, and in a worker's words who is waited for."""

    def __init__(self, to: Voice, secrets: tuple[WantedSecret, ...], release: str) -> None:
        super().__init__(to)
        self.secrets, self.release = secrets, release

    def say(self, line: str) -> None:
        """Say it, each secret's value being hidden."""
        super().say(hidden(line, self.secrets))

    def waiting(self, holder: str) -> None:
        """Say which release somebody else is updating."""
        self.say(f"Waiting: {self.release} is being updated by {holder}.")


@dataclass
class _Update:
    """One update of one worker."""

    project: Project
    client: Client
    prepared: Prepared
    desired: DesiredWorker
    order: UpdateOrder
    voice: Voice
    begun: float = field(default_factory=time.perf_counter)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        environ, desired = self.project.environ, self.desired
        self.wanted: tuple[WantedSecret, ...] = wanted(desired.secrets, environ)
        self.voice = _Discreet(self.voice, self.wanted, desired.release)
        self.cluster: Cluster = open_cluster(environ, desired.environment, desired.namespace)
        self.helm = Helm(self.cluster.environ, desired.namespace)
        self.rollout = Rollout(self.cluster, self.helm, desired, self.voice, self.order.timeout)
        self.prover = Prover(self.client, self.cluster, self.helm, desired, self.voice)
        self.on_drift: OnDrift = self.project.settings.environment(desired.environment).on_drift

    async def run(self, under_way: Awaitable[InCluster] | None) -> Updated:
        """Do what is to be done, and prove it; errors never show a secret's value."""
        try:
            return await self._run(under_way)
        except FlowliftError as error:
            error.message = hidden(error.message, self.wanted)
            raise

    async def _run(self, under_way: Awaitable[InCluster] | None) -> Updated:
        looked = await self._look(under_way)
        if not looked.differs:
            return await self._nothing_to_do(looked)
        await self._check(looked)
        lock = Lock(
            self.client,
            repository=f"worker {self.desired.namespace}/{self.desired.release}",
            holder=self.project.context.run or None,
            wait=self.order.lock_wait,
            voice=self.voice,
        )
        async with lock:
            if lock.waited:
                # Somebody else updated while we waited: what is left is known only now.
                looked = await self._look()
            before = await self._write(looked, lock)
            proof = await self._prove(looked, before)
            self.voice.say(f"Worker {proof.worker} of {proof.pod} is heard of.")
            canary = await self._canary()
        return self._updated(looked, proof, canary)

    async def _check(self, looked: Looked) -> None:
        """Find what only the cluster and the registry can tell, before any write.

        Raises:
            FindingsError: there are errors, which have been shown.
        """
        found = await find_in_cluster(
            self.project,
            self.prepared,
            looked,
            cluster=self.cluster,
            helm=self.helm,
            secrets=self.wanted,
        )
        checked = replace(self.prepared, findings=found)
        if found:
            self.voice.found(found)
        checked.refuse_errors()

    async def _nothing_to_do(self, looked: Looked) -> Updated:
        """Nothing differs. A worker that is not heard of may have been left behind by a run that
        was killed before it was proven.
        """
        now, proof = self.client.server_time(), None
        paused = looked.pool is not None and looked.pool.paused
        if paused or not alive(looked.workers, looked.pods[0], now, FRESH):
            proof = await self.prover.prove(self._change(looked), looked.depth)
        return self._updated(looked, proof, None)

    async def _look(self, under_way: Awaitable[InCluster] | None = None) -> Looked:
        return await look(
            self.client,
            self.cluster,
            self.helm,
            self.desired,
            wanted=self.wanted,
            on_drift=self.on_drift,
            under_way=under_way,
        )

    async def _prove(self, looked: Looked, before: HelmRelease | None) -> Proof:
        """Prove the worker; where it does not work, `before` comes back."""
        try:
            return await self.prover.prove(self._change(looked), looked.depth)
        except UnprovenError as error:
            if looked.part("release").differs and before is not None and before.good is not None:
                done = await self.rollout.take_back(before)
                await self._restore(looked)
                error.message += f"\nSo {done}."
            raise

    async def _write(self, looked: Looked, lock: Lock) -> HelmRelease | None:
        """All writes, in the order in which each needs the one before; the release before them."""
        lock.check()
        await self._objects(looked)
        if looked.pool is None:
            await self._make_pool()
            if looked.release is not None:
                self.notes.append(
                    f"{self.desired.pool.name}: the work pool was gone. Deployments that ran in it"
                    f" have lost it: deploy them again (flowlift apply {self.desired.environment})"
                )
        before, release = looked.release, looked.part("release")
        pods = list(looked.pods)
        if before is not None and before.newest.pending:
            before = await self.rollout.recover(before)
            pods = await self._all_pods()
        lock.check()
        if release.differs or not looked.pods:
            self.voice.say(f"Helm: {release.action.value} {self.desired.release}")
            try:
                await self.rollout.install(before, pods)
            except RolloutError:
                await self._restore(looked)
                raise
        if looked.restart or any(part.kind == "secret" and part.differs for part in looked.parts):
            await self._restart()
        lock.check()
        await self._set_template(looked)
        return before

    async def _restart(self) -> None:
        """Replace a pod that has read a secret before it was changed; Helm sees no difference."""
        pods, secrets = await together((self._all_pods(), self.cluster.secrets()))
        changed = outdated(pods[0], secrets) if pods else ()
        if changed:
            self.voice.say(f"Restarting the worker: {', '.join(changed)} changed.")
            await self.rollout.restart(pods)

    async def _objects(self, looked: Looked) -> None:
        """The namespace and the secrets, those that differ."""
        changing = {part.name for part in looked.parts if part.kind == "secret" and part.differs}
        objects = [] if looked.namespace else [namespace_object(self.desired.namespace)]
        for secret in self.wanted:
            if secret.name not in changing:
                continue
            live = looked.secrets.get(secret.name)
            if live is not None and live.get("type") != secret.type:
                await self.cluster.delete("secret", secret.name)  # a type cannot be changed
            objects.append(secret.object(self.desired.namespace))
        if objects:
            names = ", ".join(
                f"{item['kind'].lower()} {item['metadata']['name']}" for item in objects
            )
            self.voice.say(f"Writing {names}")
            await self.cluster.apply(objects)

    async def _make_pool(self) -> None:
        """Make the pool that is missing, so that the init container's log is a proof."""
        pool = self.desired.pool
        body: dict[str, Json] = {"name": pool.name, "type": "kubernetes"}
        if pool.template is not None:
            body |= {"base_job_template": dict(pool.template)}
        try:
            await self.client.post("/work_pools/", body)
        except AnswerError as error:
            if error.status != 409:  # a worker that still runs has made it again
                raise WorkspaceError(
                    f"The work pool {pool.name!r} cannot be made: {error.message}",
                    remedy=f"Correct the base job template in {self.desired.values_file}.",
                ) from None
        self.voice.say(f"Work pool {pool.name}: made")

    async def _restore(self, looked: Looked) -> None:
        """Give the pool the template of the release that runs again: a rollback does not do it."""
        if self.desired.pool.template is None:
            return
        release = await self.helm.read(self.desired.release)
        template = applied_template(release)
        if template is None or looked.keeps:
            template = looked.pool.template if looked.pool else None
        await self.prover.settle()
        pool = await read_pool(self.client, self.desired.pool.name)
        if not template or pool is None:
            return
        if (await write_template(self.client, pool.name, lambda now: template)).written:
            self.voice.say(f"Work pool {pool.name}: its template set back")

    async def _set_template(self, looked: Looked) -> None:
        """Make sure that the pool has the template that it should have."""
        change, pool = self._change(looked), self.desired.pool.name
        if change is not None and (await write_template(self.client, pool, change)).written:
            self.voice.say(f"Work pool {pool}: template set")

    def _change(self, looked: Looked) -> TemplateChange | None:
        """What the pool must have in the end: where a change by hand is kept, that."""
        if looked.keeps and looked.pool is not None:
            kept = looked.pool.template
            return lambda now: kept
        return self.desired.pool.change

    async def _canary(self) -> Canary | None:
        verify = self.project.settings.verify
        canary = await fly(
            self.client, self.cluster, self.desired, timeout=verify.timeout, voice=self.voice
        )
        if canary is not None:
            self.voice.say(f"Canary: completed in {canary.seconds:.1f} s")
        return canary

    async def _all_pods(self) -> list[Json]:
        return await self.cluster.pods(self.desired.release)

    def _updated(self, looked: Looked, proof: Proof | None, canary: Canary | None) -> Updated:
        release = looked.release
        worker = next(iter(looked.workers), None)
        return Updated(
            environment=self.desired.environment,
            pool=self.desired.pool.name,
            image=self.desired.pool.image,
            changed=looked.differs,
            parts=looked.parts,
            release=self.desired.release,
            namespace=self.desired.namespace,
            revision=proof.revision if proof else release.newest.number if release else 0,
            pod=proof.pod if proof else looked.pods[0]["metadata"]["name"],
            worker=proof.worker if proof else worker.name if worker else "",
            heartbeat=proof.heartbeat if proof else worker.heartbeat if worker else None,
            canary=canary,
            seconds=round(time.perf_counter() - self.begun, 2),
            notes=(
                *self.notes,
                *(f"{part.name}: {part.note}" for part in looked.parts if _is_told(part)),
            ),
        )


def _is_told(part: Part) -> bool:
    """Whether a part's note says something that a user should know though nothing was done."""
    return not part.differs and part.note.startswith(("kept", "its template was changed"))
