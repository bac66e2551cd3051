"""Helm, 3 and 4, asked through its command line: what a release is, and how it is changed.

Two reads tell all that matters: `history` (status, chart, every revision) and `get values`. Both
show the newest revision, also one that failed or is half done.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from flowlift.errors import HelmError
from flowlift.findings import Json
from flowlift.worker.cluster import program
from flowlift.worker.model import DesiredWorker
from flowlift.workspace.clock import read_time

TIED_LABEL = "flowlift-tied"
"""A release's label, the number of the revision whose helm ends when its flowlift does: pending,
that one is dead. The number, as the revisions of others inherit the label.
"""

KEEP_REVISIONS = 10
_ASK_TIMEOUT = 60.0
_NO_RELEASE = re.compile(r"release: not found")
_FINGERPRINT = re.compile(r"\bchart ([0-9a-f]{16})\b")


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of a release, as `helm history` tells it. `chart` is NAME-VERSION."""

    number: int
    status: str
    chart: str
    updated: datetime
    description: str = ""

    @property
    def pending(self) -> bool:
        """Whether a helm is at work on it, or died while it was."""
        return self.status.startswith("pending-")

    @property
    def fingerprint(self) -> str:
        """The content of the chart as flowlift noted it, "" where it did not."""
        found = _FINGERPRINT.search(self.description)
        return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class HelmRelease:
    """A release: its revisions from old to new, and the values of the newest."""

    name: str
    revisions: tuple[Revision, ...]
    values: Json = field(repr=False)

    @property
    def newest(self) -> Revision:
        """The newest revision, whatever became of it."""
        return self.revisions[-1]

    @property
    def good(self) -> Revision | None:
        """The newest revision that was deployed: what a rollback goes to."""
        for status in ("deployed", "superseded"):
            for revision in reversed(self.revisions):
                if revision.status == status:
                    return revision
        return None


@dataclass(frozen=True, slots=True)
class Helm:
    """Helm's command line for one namespace. `environ` has KUBECONFIG."""

    environ: Mapping[str, str] = field(repr=False)
    namespace: str

    async def read(self, release: str) -> HelmRelease | None:
        """The release as it is now, None where there is none.

        Raises:
            HelmError: helm is missing, or the cluster does not answer it.
        """
        history, values = await asyncio.gather(
            self.ask("history", release, "-o", "json", "--max", "256", missing=True),
            self.ask("get", "values", release, "-o", "json", missing=True),
        )
        if history is None or values is None:
            return None
        revisions = tuple(
            Revision(
                number=int(item["revision"]),
                status=str(item["status"]),
                chart=str(item["chart"]),
                updated=read_time(item["updated"]),
                description=str(item.get("description") or ""),
            )
            for item in json.loads(history)
        )
        return HelmRelease(release, revisions, json.loads(values) or {})

    async def upgrade(
        self, desired: DesiredWorker, *, revision: int, timeout: float
    ) -> program.Program:
        """Begin to install or upgrade; it waits for the pods by itself, `timeout` seconds.

        `revision` is the one that this makes.

        Raises:
            HelmError: helm is missing.
        """
        tied = bool(program.leash(self.environ))
        mark = fingerprint(chart_path(desired))
        words = ["helm", "upgrade", "--install", desired.release, *await self._chart(desired)]
        words += ["--namespace", desired.namespace, "--values", "-", "--wait"]
        words += ["--timeout", f"{timeout:.0f}s", "--history-max", str(KEEP_REVISIONS)]
        words += ["--labels", f"{TIED_LABEL}={revision if tied else 'no'}"]
        words += ["--description", f"flowlift{f': chart {mark}' if mark else ''}"]
        words += ["--output", "json"]
        stdin = json.dumps(desired.values).encode()
        try:
            return await program.start(words, self.environ, stdin=stdin, tied=True)
        except FileNotFoundError:
            raise missing_helm() from None

    async def rollback(self, release: str, revision: int, *, timeout: float = 0.0) -> None:
        """Go back to a revision, and wait up to `timeout` seconds for its pods.

        Raises:
            HelmError: helm could not do it.
        """
        words = ["rollback", release, str(revision), "--history-max", str(KEEP_REVISIONS)]
        if timeout:
            words += ["--wait", "--timeout", f"{timeout:.0f}s"]
        await self.ask(*words, timeout=timeout + 60)

    async def uninstall(self, release: str) -> None:
        """Remove a release that has nothing good in it, with what it has made.

        Raises:
            HelmError: helm could not do it.
        """
        await self.ask("uninstall", release, "--wait", "--timeout", "60s", timeout=90)

    async def render(self, desired: DesiredWorker) -> str:
        """What helm would send to the cluster, as YAML; the chart's schema checks the values.

        Raises:
            HelmError: the chart cannot be had, or does not take the values.
        """
        words = ("template", desired.release, *await self._chart(desired), "--values", "-")
        out = await self.ask(*words, stdin=json.dumps(desired.values).encode(), timeout=120)
        return out or ""

    async def _chart(self, desired: DesiredWorker) -> list[str]:
        """The words that name the chart; one behind a login is fetched for that."""
        if desired.chart_login is None:
            return chart_words(desired)
        from flowlift.worker.cluster.chart_login import fetch_chart

        return [str(await fetch_chart(desired, self.environ))]

    async def ask(
        self,
        *words: str,
        stdin: bytes | None = None,
        missing: bool = False,
        timeout: float = _ASK_TIMEOUT,
    ) -> str | None:
        """What `helm WORDS...` writes; with `missing`, None where there is no such release.

        Raises:
            HelmError: it fails; the message is its own.
        """
        command = ["helm", *words, "--namespace", self.namespace]
        try:
            done = await program.run(command, self.environ, stdin=stdin, timeout=timeout)
        except FileNotFoundError:
            raise missing_helm() from None
        if done is None:
            raise HelmError(
                f"helm {words[0]} did not end within {timeout:.0f} s.",
                remedy="Does the cluster answer? kubectl get nodes.",
            )
        if done.code == 0:
            return done.out
        if missing and _NO_RELEASE.search(done.err):
            return None
        raise helm_error(words[0], done)


def chart_path(desired: DesiredWorker) -> Path | None:
    """The chart on this machine, None where it comes from a repository or a registry."""
    if desired.repository or desired.chart.startswith(("oci://", "http://", "https://")):
        return None
    return Path(desired.root) / desired.chart


def chart_words(desired: DesiredWorker) -> list[str]:
    """The words that name the chart.

    Raises:
        HelmError: it is a path at which nothing stands.
    """
    path = chart_path(desired)
    if path is None:
        words = [desired.chart]
    elif path.exists():
        words = [str(path)]
    else:
        raise HelmError(
            f"There is no chart {desired.chart!r} in the repository.",
            remedy="Set `repository` in [tool.flowlift.worker], or correct the path in `chart`.",
        )
    if desired.repository:
        words += ["--repo", desired.repository]
    if desired.version and (path is None or not path.is_dir()):
        words += ["--version", desired.version]
    if desired.plain_http:
        words.append("--plain-http")
    return words


def fingerprint(path: Path | None) -> str:
    """A short digest of a chart's content, "" for one that its version tells apart.

    A chart in the repository is edited without a new version.
    """
    if path is None or not path.exists():
        return ""
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    for file in files:
        digest.update(f"{file.relative_to(path.parent)}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def missing_helm() -> HelmError:
    """The error for a machine without Helm."""
    return HelmError(
        "helm is not installed.",
        remedy="Install it: flowlift worker host ENV; or https://helm.sh/docs/intro/install",
    )


def helm_error(verb: str, answer: program.Answer) -> HelmError:
    """The error for a call that helm refused, in helm's own words."""
    said = answer.said
    remedy = "Run the same helm command by hand to see more."
    if re.search(r"basic (?:auth )?credential|access denied|: 401 Unauthorized", said):
        remedy = (
            "The chart is behind a login: name its variables with `chart-username-from-env` and"
            " `chart-password-from-env` in [tool.flowlift.worker]."
        )
    elif re.search(r"valid chart repository|failed to fetch|FetchReference", said):
        # Before the cluster: a repository that refuses a connection is none that does.
        remedy = (
            "Correct `chart`, `repository` or `version` in [tool.flowlift.worker]; or it cannot be"
            " reached from here. A registry without TLS belongs into `plain-http` of"
            " [tool.flowlift.image]."
        )
    elif re.search(r"cluster unreachable|connection refused|no such host", said, re.IGNORECASE):
        remedy = "Does the cluster answer? kubectl get nodes; KUBECONFIG says which it is."
    elif "unknown flag" in said:
        remedy = "Install Helm 3.13 or newer."
    elif re.search(r"forbidden|unauthorized", said, re.IGNORECASE):
        remedy = "Give the kubeconfig's user the right to it."
    elif re.search(r"schema|don't meet the specifications", answer.err):
        said = re.sub(r"\s*\n\s*", " ", answer.err.strip()).removeprefix("Error: ")
        remedy = "Correct the values file."
    elif "execution error at" in said:
        remedy = "Correct the values file: the chart's own template refuses them."
    elif "not found" in said:
        remedy = "Correct `chart`, `repository` or `version` in [tool.flowlift.worker]."
    return HelmError(f"helm {verb} failed: {said}", remedy=remedy)
