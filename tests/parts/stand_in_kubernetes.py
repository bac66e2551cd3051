"""A stand-in for kubectl and helm, and for the cluster behind them, for what has to be quick.

It takes the place of `program.run` and `program.start`, so that `Cluster` and `Helm` themselves are
not made up: only what the two programs answer is. Their sayings are those of the real ones
(kubectl 1.34, Helm 3.19 and 4.0), as `tests/real/worker` meets them.
"""

from __future__ import annotations

import asyncio
import copy
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from flowlift.worker.cluster.program import Answer

NOT_THERE = 'Error from server (NotFound): {kind} "{name}" not found'
DOWN = (
    "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?"
)
FORBIDDEN = (
    'Error from server (Forbidden): secrets is forbidden: User "nobody" cannot list resource'
    ' "secrets" in API group "" in the namespace "prefect"'
)
TIMED_OUT = "Unable to connect to the server: net/http: TLS handshake timeout"
HELM_DOWN = (
    'Error: kubernetes cluster unreachable: Get "https://127.0.0.1:1/version": dial tcp'
    " 127.0.0.1:1: connect: connection refused"
)
NO_RELEASE = "Error: release: not found"
CANCELLED = "Error: UPGRADE FAILED: context canceled"

NAMESPACE = "prefect"
SERVER = "https://10.0.0.1:6443"


def pod(name: str = "w-1", *, made: str = "2026-11-28T07:00:00Z", **more: Any) -> dict[str, Any]:
    """A worker's pod that runs; `more` goes into its status."""
    status = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [
            {
                "name": "prefect-worker",
                "ready": True,
                "restartCount": 0,
                "state": {"running": {"startedAt": made}},
                "imageID": "ghcr.io/acme/edp-flows@sha256:" + "a" * 64,
            }
        ],
    }
    return {
        "metadata": {
            "name": name,
            "uid": f"uid-{name}",
            "creationTimestamp": made,
            "labels": {"app.kubernetes.io/instance": "w"},
        },
        "spec": {
            "nodeName": "node",
            "containers": [{"name": "prefect-worker", "image": "ghcr.io/acme/edp-flows:1"}],
        },
        "status": {**status, **more},
    }


def waiting(name: str, reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    """A pod whose container waits, for this reason."""
    state = {"waiting": {"reason": reason, "message": message}}
    container = {"name": "prefect-worker", "ready": False, "restartCount": 0, "state": state}
    return pod(name, phase="Pending", conditions=[], containerStatuses=[container | more])


def secret(name: str, *, changed: str = "2026-11-28T06:00:00Z", **data: str) -> dict[str, Any]:
    """A secret of somebody's, `data` being in base64."""
    metadata = {"name": name, "namespace": NAMESPACE, "creationTimestamp": changed}
    return {"metadata": metadata, "type": "Opaque", "data": data}


def revision(number: int = 1, status: str = "deployed", **more: Any) -> dict[str, Any]:
    """A revision as `helm history -o json` tells it."""
    return {
        "revision": number,
        "updated": "2026-11-28T07:00:00.123456789Z",
        "status": status,
        "chart": "prefect-worker-2025.7.31",
        "description": "flowlift",
        **more,
    }


@dataclass
class StandInUpgrade:
    """How `helm upgrade` goes: it ends after so many looks at it, with `answer`.

    It writes a revision as soon as it begins, as the real one does, unless it `refuses`. `stopped`
    says that it was ended.
    """

    looks: int = 0
    answer: Answer = field(default_factory=lambda: Answer(0, "{}", ""))
    refuses: bool = False
    stopped: bool = False


@dataclass(frozen=True)
class StandInProgram:
    """What `program.start` gives: a `Program` by its methods."""

    upgrade: StandInUpgrade
    revision: dict[str, Any]

    async def wait(self, timeout: float | None = None) -> bool:
        await asyncio.sleep(0)
        self.upgrade.looks -= 1
        return self.upgrade.looks < 0

    async def answer(self) -> Answer:
        self.revision["status"] = "failed" if self.upgrade.answer.code else "deployed"
        return self.upgrade.answer

    async def end(self) -> Answer:
        self.upgrade.stopped = True
        self.revision["status"] = "failed"
        return Answer(1, "", CANCELLED)


@dataclass
class StandInKubernetes:
    """What kubectl and helm know of one namespace, and what they were asked.

    `refusals` are errors that kubectl answers, one each time, and the last one ever after;
    `helm_refuses` are helm's, by its verb. `missing` are programs that are not installed, `slow`
    those that do not answer in time. `meanwhile` happens whenever one of them is asked.
    """

    namespace: bool = True
    secrets: list[dict[str, Any]] = field(default_factory=list)
    pods: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    logs: dict[tuple[str, str], str] = field(default_factory=dict)
    releases: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    upgrade: StandInUpgrade = field(default_factory=StandInUpgrade)
    refusals: list[str] = field(default_factory=list)
    helm_refuses: dict[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    slow: set[str] = field(default_factory=set)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    given: list[bytes] = field(default_factory=list)
    meanwhile: Callable[[Sequence[str]], None] = lambda words: None

    async def run(
        self,
        words: Sequence[str],
        environ: Mapping[str, str],
        *,
        stdin: bytes | None = None,
        timeout: float = 60.0,
    ) -> Answer | None:
        """In place of `program.run`."""
        self._note(words, stdin)
        await asyncio.sleep(0)
        if words[0] in self.slow:
            return None
        return self._helm(words[1:]) if words[0] == "helm" else self._kubectl(words[1:])

    async def start(
        self,
        words: Sequence[str],
        environ: Mapping[str, str],
        *,
        stdin: bytes | None = None,
        tied: bool = False,
    ) -> StandInProgram:
        """In place of `program.start`."""
        self._note(words, stdin)
        name = words[words.index("--install") + 1]
        before = self.releases.get(name, [])
        made = revision(len(before) + 1, "pending-upgrade" if before else "pending-install")
        if before:
            made["revision"] = before[-1]["revision"] + 1
        if not self.upgrade.refuses:
            self.releases[name] = [*before, made]
            self.values[name] = json.loads(stdin or b"null")
        return StandInProgram(self.upgrade, made)

    def verbs(self, name: str) -> list[str]:
        """The words that a program was asked with, reads left out; its options too."""
        reads = {"history", "config", "values"}
        told = []
        for words in self.asked:
            plain = [word for word in words[1:] if not word.startswith("--request-timeout")]
            if words[0] == name and plain[0] not in reads | {"get"}:
                told.append(" ".join(plain))
        return told

    def _note(self, words: Sequence[str], stdin: bytes | None) -> None:
        if words[0] in self.missing:
            raise FileNotFoundError(words[0])
        self.meanwhile(words)
        self.asked.append(tuple(words))
        if stdin is not None:
            self.given.append(stdin)

    def _kubectl(self, words: Sequence[str]) -> Answer:
        words = [word for word in words if not word.startswith("--request-timeout")]
        if words[0] == "config":
            return Answer(0, SERVER, "")
        if self.refusals:
            said = self.refusals[0] if len(self.refusals) == 1 else self.refusals.pop(0)
            if said:
                return Answer(1, "", said)
        if words[0] != "get":
            return Answer(0, "", "")
        return self._get(urlsplit(words[-1]).path, _query(words[-1]))

    def _get(self, path: str, query: Mapping[str, str]) -> Answer:
        parts = [unquote(part) for part in path.split("/") if part][3:]
        name, kind, *rest = [*parts, ""]
        if not kind:
            if self.namespace:
                return _answer({"metadata": {"name": name}})
            return Answer(1, "", NOT_THERE.format(kind="namespaces", name=name))
        if kind == "pods" and rest[1:2] == ["log"]:
            return self._log(rest[0], query)
        things = {"secrets": self.secrets, "pods": self.pods, "events": self.events}[kind]
        return _answer({"items": _labelled(things, query.get("labelSelector", ""))})

    def _log(self, name: str, query: Mapping[str, str]) -> Answer:
        container = query["container"]
        text = self.logs.get((name, container))
        if text is None:
            said = f'container "{container}" in pod "{name}" is waiting to start: PodInitializing'
            return Answer(1, "", f"Error from server (BadRequest): {said}")
        return Answer(0, text, "")

    def _helm(self, words: Sequence[str]) -> Answer:
        if said := self.helm_refuses.get(words[0]):
            return Answer(1, "", said)
        if words[0] == "rollback":
            newest = self.releases[words[1]][-1]["revision"]
            self.releases[words[1]].append(revision(newest + 1, description="Rollback"))
        elif words[0] == "uninstall":
            del self.releases[words[1]]
        if words[0] not in {"history", "get"}:
            return Answer(0, "", "")
        known, name = (self.values, words[2]) if words[0] == "get" else (self.releases, words[1])
        return _answer(known.get(name)) if self.releases.get(name) else Answer(1, "", NO_RELEASE)


def _answer(document: Any) -> Answer:
    return Answer(0, json.dumps(document), "")


def _query(path: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}


def _labelled(things: Iterable[dict[str, Any]], selector: str) -> list[dict[str, Any]]:
    """The things that have all the labels of a selector."""
    wanted = dict(pair.split("=", 1) for pair in re.findall(r"[^,]+=[^,]+", selector))
    return [
        copy.deepcopy(thing)
        for thing in things
        if wanted.items() <= (thing["metadata"].get("labels") or {}).items()
    ]
