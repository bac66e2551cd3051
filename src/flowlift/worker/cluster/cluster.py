"""The cluster, asked through kubectl: whatever a kubeconfig holds (certificates, tokens, programs
that fetch one), kubectl can log in with it, and K3s brings it along.

Reads go to the API's paths directly (`--raw`), which needs no discovery. What is written is handed
over on standard input.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from flowlift.config import own_variable
from flowlift.errors import ClusterError
from flowlift.findings import Json
from flowlift.worker.cluster import program

OWNER_LABEL = "app.kubernetes.io/managed-by"
OWNER = "flowlift"
"""What flowlift has made carries this label; nothing else is ever overwritten."""

K3S_CONFIG = Path("/etc/rancher/k3s/k3s.yaml")

_TIMEOUT = 30
_TRIES, _PAUSE = 3, 0.5
_NOT_FOUND = re.compile(r"\(NotFound\)")
_REFUSED = re.compile(r"\((?:Forbidden|Unauthorized)\)|must be logged in|provide credentials")
_PASSING = re.compile(
    r"etcdserver|TLS handshake timeout|i/o timeout|connection reset|unexpected EOF|ServiceUnavail"
    r"|ServerTimeout|TooManyRequests|Client\.Timeout|context deadline exceeded|\bEOF\b"
)
_NO_ANSWER = re.compile(
    r"was refused|no such host|no route to host|[Uu]nable to connect|connection refused"
)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A namespace of a cluster. `environ` is that of kubectl and helm, with KUBECONFIG set."""

    environ: Mapping[str, str] = field(repr=False)
    namespace: str
    kubectl: tuple[str, ...]

    def path(self, kind: str, name: str = "", /, **query: str) -> str:
        """The API's path of a thing, or of all of a kind, in the namespace."""
        path = f"/api/v1/namespaces/{quote(self.namespace, safe='')}/{kind}"
        if name:
            path += f"/{name if '/' in name else quote(name, safe='')}"
        return path + (f"?{urlencode(query)}" if query else "")

    async def get(self, path: str) -> Json:
        """What stands at `path`, None where nothing does.

        Raises:
            ClusterError: the cluster does not answer, or refuses.
        """
        text = await self.text(path)
        return None if text is None else json.loads(text)

    async def text(self, path: str) -> str | None:
        """The same as text: a log, for one."""
        done = await self._ask("get", "--raw", path, repeatable=True)
        return None if done is None else done.out

    async def namespace_object(self) -> Json:
        """The namespace itself, None where it is missing."""
        return await self.get(f"/api/v1/namespaces/{quote(self.namespace, safe='')}")

    async def secrets(self) -> dict[str, Json]:
        """The namespace's secrets by name, without Helm's own."""
        found = await self.get(self.path("secrets", fieldSelector="type!=helm.sh/release.v1"))
        return {item["metadata"]["name"]: item for item in (found or {}).get("items", ())}

    async def pods(self, release: str, *, leaving: bool = False) -> list[Json]:
        """The pods of a release, newest first; those on their way out only with `leaving`."""
        selector = f"app.kubernetes.io/instance={release}"
        found = await self.get(self.path("pods", labelSelector=selector))
        staying = [
            pod
            for pod in (found or {}).get("items", ())
            if leaving or not pod["metadata"].get("deletionTimestamp")
        ]
        return sorted(staying, key=lambda pod: pod["metadata"]["creationTimestamp"], reverse=True)

    async def events(self) -> list[Json]:
        """The namespace's warnings, in order of time."""
        found = await self.get(self.path("events", fieldSelector="type=Warning"))
        return sorted((found or {}).get("items", ()), key=event_time)

    async def log(self, pod: str, container: str, *, previous: bool = False) -> str:
        """The end of a container's log, "" where there is none (yet)."""
        query = {"container": container, "tailLines": "200"}
        if previous:
            query["previous"] = "true"
        path = self.path("pods", f"{quote(pod, safe='')}/log", **query)
        try:
            return await self.text(path) or ""
        except ClusterError as error:
            if "BadRequest" not in error.message:
                raise
            return ""  # the container has not begun

    async def apply(self, objects: Iterable[Json]) -> None:
        """Make or change `objects`; what others have set on them stays.

        Server-side, as the other kind of apply leaves a copy of every secret in an annotation.

        Raises:
            ClusterError: the cluster does not answer, or refuses.
        """
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        words = ("apply", "--server-side", "--force-conflicts", "--field-manager", OWNER)
        await self._ask(*words, "-f", "-", stdin=json.dumps(listed).encode(), repeatable=True)

    async def delete(self, kind: str, name: str) -> None:
        """Delete a thing, if it is there."""
        words = ("delete", kind, name, "--namespace", self.namespace, "--ignore-not-found")
        await self._ask(*words, repeatable=True)

    async def restart(self, release: str) -> None:
        """Let the release's deployments replace their pods."""
        selector = f"app.kubernetes.io/instance={release}"
        words = ("rollout", "restart", "deployment", "--namespace", self.namespace)
        await self._ask(*words, "--selector", selector, repeatable=False)

    async def server(self) -> str:
        """The cluster's address, for messages; "" where none is known."""
        words = ("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")
        done = await program.run([*self.kubectl, *words], self.environ)
        return done.out.strip() if done and done.code == 0 else ""

    async def _ask(
        self, *words: str, stdin: bytes | None = None, repeatable: bool
    ) -> program.Answer | None:
        """None where the cluster has no such thing."""
        command = [*self.kubectl, f"--request-timeout={_TIMEOUT}s", *words]
        for left in range(_TRIES if repeatable else 1, 0, -1):
            try:
                done = await program.run(command, self.environ, stdin=stdin, timeout=_TIMEOUT * 2)
            except FileNotFoundError:
                raise ClusterError(
                    f"{self.kubectl[0]} is not installed.",
                    remedy="Install kubectl, or K3s, which brings it: flowlift worker host ENV.",
                ) from None
            if done is None:
                said = f"no answer within {_TIMEOUT * 2} s"
            elif done.code == 0:
                return done
            elif _NOT_FOUND.search(done.err) and words[0] == "get":
                return None
            else:
                said = _last(done.err)
                if not _PASSING.search(done.err):
                    break
            if left > 1:
                await asyncio.sleep(_PAUSE)
        raise await self._error(words[0], said)

    async def _error(self, verb: str, said: str) -> ClusterError:
        server = await self.server() or "the address of the kubeconfig"
        if _NO_ANSWER.search(said) or _PASSING.search(said) or said.startswith("no answer"):
            return ClusterError(
                f"The cluster at {server} does not answer: {said}",
                remedy="Is it up? systemctl status k3s. Is it the right one? KUBECONFIG says"
                f" {self.environ.get('KUBECONFIG') or '~/.kube/config'}.",
            )
        remedy = "Run the same kubectl command by hand to see more."
        if _REFUSED.search(said):
            remedy = (
                f"Give the kubeconfig's user the right to it in the namespace {self.namespace!r}."
            )
        return ClusterError(f"The cluster refuses (kubectl {verb}): {said}", remedy=remedy)


def open_cluster(environ: Mapping[str, str], environment: str, namespace: str) -> Cluster:
    """The cluster of `environment`: by FLOWLIFT_<ENV>_KUBECONFIG, KUBECONFIG, the user's own
    kubeconfig, or K3s's on this machine, in this order.
    """
    own = own_variable(environment, "KUBECONFIG")
    given = environ.get(own) or environ.get("KUBECONFIG")
    home = Path(environ.get("HOME") or Path.home()) / ".kube" / "config"
    if not given and not home.is_file() and os.access(K3S_CONFIG, os.R_OK):
        given = str(K3S_CONFIG)
    known = {**environ, "KUBECONFIG": given} if given else dict(environ)
    kubectl: tuple[str, ...] = ("kubectl",)
    path = environ.get("PATH")
    if shutil.which("kubectl", path=path) is None and shutil.which("k3s", path=path):
        kubectl = ("k3s", "kubectl")
    return Cluster(known, namespace, kubectl)


def event_time(event: Json) -> str:
    """When an event was last seen: whichever of its times is set."""
    times: list[Any] = [
        (event.get("series") or {}).get("lastObservedTime"),
        event.get("lastTimestamp"),
        event.get("eventTime"),
        event["metadata"].get("creationTimestamp"),
    ]
    return str(next((time for time in times if time), ""))


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = lines[-1] if lines else "it says nothing"
    return re.sub(r"^(?:error|Error from server|Unable to connect to the server): ?", "", said)
