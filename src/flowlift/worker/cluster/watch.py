"""Watching a new pod: what keeps it from starting, told as soon as it can be known.

Helm itself says "context deadline exceeded" after five minutes; the pod knows why after three
seconds. What kubelet tries again by itself (a registry that is busy, a node that is full for a
moment) gets some time.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from flowlift.findings import Json
from flowlift.voice import SILENT, Voice
from flowlift.worker.cluster.cluster import Cluster

LOOK_EVERY = 0.5
"""Seconds between two looks at a pod."""

EVENTS_EVERY = 6
"""Looks at a pod that is on its way between two looks at the events."""

PATIENCE = 45.0
"""Seconds that trouble which passes by itself may last."""

UNSCHEDULED_PATIENCE = 10.0
"""Seconds that a pod may find no node."""

LOG_LINES = 12

CHART_NAME = "prefect-worker"
"""What the official chart calls the things that it makes, whatever the release is called."""

_PULLING = frozenset({"ErrImagePull", "ImagePullBackOff", "RegistryUnavailable"})
_BROKEN = frozenset(
    {
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "SignatureValidationFailed",
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "PreCreateHookError",
        "PostStartHookError",
    }
)
_PASSING = re.compile(
    r"i/o timeout|connection re(?:fused|set)|TLS handshake|\bEOF\b|deadline exceeded|no such host"
    r"|temporary failure|server misbehaving|toomanyrequests|\b429\b|\b50[0-4]\b",
    re.IGNORECASE,
)
_NO_SECRET = "FailedToRetrieveImagePullSecret"  # noqa: S105 - an event's name
_PODLESS = frozenset({"FailedCreate"})
_EVENTS = frozenset({"FailedMount", "FailedCreatePodSandBox", "FailedAttachVolume"})


@dataclass(frozen=True, slots=True)
class PodTrouble:
    """Why a pod does not start: the reason in Kubernetes' word, and what is known of it.

    `passing` says that it may go by itself within `patience` seconds.
    """

    pod: str
    container: str
    reason: str
    message: str = ""
    passing: bool = False
    patience: float = 0.0
    previous: bool = False
    log: tuple[str, ...] = ()
    events: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """All that is known, for a message."""
        what = f"{self.pod}, container {self.container}" if self.container else self.pod
        yield f"{what}: {self.reason}{f': {self.message}' if self.message else ''}"
        yield from (f"  | {line}" for line in self.log)
        yield from (f"  event: {event}" for event in self.events)


@dataclass
class Watch:
    """Looks at the pods of a release, those in `known` (by uid) left out.

    Events that were there before the first new pod count for nothing. `voice` says whenever the
    newest pod comes a step further. `pods` are those of the last look.
    """

    cluster: Cluster
    release: str
    known: Collection[str] = ()
    voice: Voice = SILENT
    pods: list[Json] = field(default_factory=list)
    _since: dict[tuple[str, str, str], float] = field(default_factory=dict)
    _told: str = ""
    _looks: int = 0
    _old: frozenset[tuple[str, int]] | None = None

    @property
    def ready(self) -> bool:
        """Whether there are new pods, and all of them run."""
        return bool(self.pods) and all(map(is_ready, self.pods))

    async def look(self) -> PodTrouble | None:
        """What is wrong now, and will not go by itself; None where nothing is."""
        self.pods = pods = [
            pod
            for pod in await self.cluster.pods(self.release)
            if pod["metadata"]["uid"] not in self.known
        ]
        found = next((trouble for trouble in map(judge, pods) if trouble), None)
        if pods:
            self._say_step(pods[0])
        if found is None and (self.ready or not self._needs_events()):
            return None
        events = await self.cluster.events()
        if self._old is None:
            self._old = frozenset() if pods else frozenset(map(_occurrence, events))
        events = [event for event in events if _occurrence(event) not in self._old]
        if found is None:
            found = by_events(events, pods, self.release)
        elif found.reason in _PULLING and _lacks_secret(events, found.pod):
            # The node has not heard of a secret that was made just now; it tries again by itself.
            found = replace(found, passing=True, patience=PATIENCE)
        if found is None or not self._lasts(found):
            return None
        return await complete(self.cluster, found, events)

    def _needs_events(self) -> bool:
        """Whether events may know more than the pods: where there are none, and now and then.

        A look costs the node time that the pod needs to start.
        """
        self._looks += 1
        return not self.pods or self._looks % EVENTS_EVERY == 0

    def _lasts(self, trouble: PodTrouble) -> bool:
        """Whether it has been there for as long as it may."""
        now = time.monotonic()
        kind = "ErrImagePull" if trouble.reason in _PULLING else trouble.reason
        began = self._since.setdefault((trouble.pod, trouble.container, kind), now)
        return not trouble.passing or now - began >= trouble.patience

    def _say_step(self, pod: Json) -> None:
        said = f"Pod {pod['metadata']['name']}: {step(pod)}"
        if said != self._told:
            self._told = said
            self.voice.say(said)


def judge(pod: Json) -> PodTrouble | None:
    """What keeps a pod from starting, as its status tells it."""
    name = pod["metadata"]["name"]
    status = pod.get("status") or {}
    for container in _containers(pod):
        state = container.get("state") or {}
        if trouble := _of_waiting(name, container, state.get("waiting") or {}):
            return trouble
        ended = state.get("terminated")
        if ended and ended.get("exitCode") != 0:
            return PodTrouble(
                pod=name,
                container=container["name"],
                reason=str(ended.get("reason") or "Error"),
                message=_one_line(ended.get("message") or f"exit code {ended.get('exitCode')}"),
            )
        if container.get("restartCount", 0) > 0 and not container.get("ready"):
            return _crashed(name, container)
    if status.get("phase") == "Failed":
        reason = str(status.get("reason") or "Failed")
        return PodTrouble(name, "", reason, _one_line(status.get("message")))
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return PodTrouble(
                pod=name,
                container="",
                reason=str(condition.get("reason") or "Unschedulable"),
                message=_one_line(condition.get("message")),
                passing=True,
                patience=UNSCHEDULED_PATIENCE,
            )
    return None


def by_events(events: Iterable[Json], pods: Collection[Json], release: str) -> PodTrouble | None:
    """What only events tell: no pod could be made, a volume or a network is missing."""
    names = {pod["metadata"]["name"] for pod in pods}
    for event in events:
        thing = event.get("involvedObject") or {}
        reason, name = str(event.get("reason")), str(thing.get("name"))
        message = _one_line(event.get("message"))
        if thing.get("kind") == "Pod" and name in names and reason in _EVENTS:
            return PodTrouble(name, "", reason, message, passing=True, patience=PATIENCE)
        made_here = thing.get("kind") == "ReplicaSet" and name.startswith((release, CHART_NAME))
        if not pods and made_here and reason in _PODLESS:
            return PodTrouble(
                name, "", reason, message, passing=True, patience=UNSCHEDULED_PATIENCE
            )
    return None


async def complete(cluster: Cluster, trouble: PodTrouble, events: Iterable[Json]) -> PodTrouble:
    """`trouble` with the end of the container's log and the pod's warnings."""
    log: list[str] = []
    pulled = trouble.reason not in _PULLING and trouble.reason not in {"InvalidImageName"}
    if trouble.container and pulled:
        text = await cluster.log(trouble.pod, trouble.container, previous=trouble.previous)
        if not text and trouble.previous:
            text = await cluster.log(trouble.pod, trouble.container)
        log = [line.rstrip() for line in text.splitlines() if line.strip()]
    said: dict[str, None] = {}
    for event in events:
        thing = event.get("involvedObject") or {}
        if thing.get("kind") == "Pod" and thing.get("name") == trouble.pod:
            said[f"{event.get('reason')}: {_one_line(event.get('message'))}"] = None
    secret = any(line.startswith(_NO_SECRET) for line in said)
    about = [line for line in said if line.startswith(_NO_SECRET) or not trouble.message]
    return PodTrouble(
        pod=trouble.pod,
        container=trouble.container,
        reason=_NO_SECRET if secret and trouble.reason in _PULLING else trouble.reason,
        message=trouble.message,
        log=tuple(log[-LOG_LINES:]),
        events=tuple(about[-3:]),
    )


def is_ready(pod: Json) -> bool:
    """Whether all its containers run."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


def step(pod: Json) -> str:
    """How far a pod has come, in a few words."""
    if is_ready(pod):
        return "runs"
    for container in _containers(pod):
        state = container.get("state") or {}
        if waiting := state.get("waiting"):
            return f"{container['name']} waits ({waiting.get('reason') or 'to start'})"
        if "running" in state and not container.get("ready"):
            return f"{container['name']} runs"
    return "is scheduled" if (pod.get("spec") or {}).get("nodeName") else "waits for a node"


def _containers(pod: Json) -> list[Mapping[str, Json]]:
    status = pod.get("status") or {}
    found = status.get("initContainerStatuses") or ()
    return [*found, *(status.get("containerStatuses") or ())]


def _of_waiting(
    pod: str, container: Mapping[str, Json], waiting: Mapping[str, Json]
) -> PodTrouble | None:
    reason = str(waiting.get("reason") or "")
    message = _one_line(waiting.get("message"))
    if reason == "CrashLoopBackOff":
        return _crashed(pod, container)
    if reason in _BROKEN:
        return PodTrouble(pod, container["name"], reason, message)
    if reason not in _PULLING:
        return None
    # "Back-off pulling image" says nothing of why: the reason is in the last state's message.
    silent = message.startswith("Back-off") and '": ' not in message
    passing = silent or bool(_PASSING.search(message))
    return PodTrouble(pod, container["name"], reason, message, passing, PATIENCE)


def _crashed(pod: str, container: Mapping[str, Json]) -> PodTrouble:
    ended = (container.get("lastState") or {}).get("terminated") or {}
    code = ended.get("exitCode")
    why = str(ended.get("reason") or "")
    message = f"exit code {code}" if code is not None else ""
    if why not in {"", "Error"}:
        message = f"{why}, {message}" if message else why
    return PodTrouble(pod, container["name"], "CrashLoopBackOff", message, previous=True)


def _lacks_secret(events: Iterable[Json], pod: str) -> bool:
    """Whether the node could not get at one of the pod's pull secrets."""
    return any(
        event.get("reason") == _NO_SECRET and event["involvedObject"].get("name") == pod
        for event in events
    )


def _occurrence(event: Json) -> tuple[str, int]:
    """An event that happens again keeps its id and counts on."""
    return event["metadata"]["uid"], int(event.get("count") or 0)


def _one_line(text: object) -> str:
    return re.sub(r"\s+", " ", str(text or "")).strip()[:600]
