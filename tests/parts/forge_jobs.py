"""The written workflows on the real forge: pushed, run by its runner, and read back.

The forge knows no commit of the hosted services' actions. So a pushed workflow names tags in the
place of the pins, of stand-ins: the forge's own for `actions/checkout`, one that puts this
machine's uv on the PATH for `astral-sh/setup-uv`, and ones that name this machine's engine for
Docker's. Nothing else of a workflow is changed.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.parts.forge import ForgeRepository, ForgeServer
from tests.parts.platform import flowlift
from tests.parts.root import ROOT

CHECKOUT = "v6"
CACHE = Path.home() / ".cache/uv"
PATIENCE = 120.0
_PIN = re.compile(r"uses: (\S+)@[0-9a-f]{40} # \S+")
_STAND_IN = """\
name: stand-in
description: Stands for {name} on a test's forge.
runs:
  using: composite
  steps:
    - shell: bash
      run: |
{lines}"""


@dataclass(frozen=True)
class Run:
    """A workflow's run that is over: its file, its event, how it ended, and its jobs' logs."""

    id: int
    workflow: str
    event: str
    conclusion: str
    jobs: Mapping[str, str] = field(default_factory=dict)
    logs: Mapping[str, str] = field(default_factory=dict)

    @property
    def ran(self) -> list[str]:
        """The names of the jobs that were not skipped."""
        return sorted(name for name, ended in self.jobs.items() if ended != "skipped")

    def seconds(self, step: str) -> float:
        """How long a step took, as the logs' times say it; of several jobs the longest."""
        line = re.compile(rf"^(\S{{26}})\S* .*(?:Run Main|Success - Main) {step}\b", re.MULTILINE)
        found = []
        for log in self.logs.values():
            times = [datetime.fromisoformat(at) for at in line.findall(log)]
            if len(times) >= 2:
                found.append((times[-1] - times[0]).total_seconds())
        assert found, self.log
        return max(found)

    @property
    def log(self) -> str:
        """All logs."""
        return "\n".join(self.logs.values())


@dataclass
class ForgeJobs:
    """What the events of a repository on the forge start."""

    forge: ForgeRepository
    tags: Mapping[str, str]
    seen: set[int] = field(default_factory=set)

    def rewrite(self, text: str) -> str:
        """A workflow with tags of stand-ins in the place of the pins."""
        tags = {"actions/checkout": CHECKOUT, **self.tags}
        return _PIN.sub(lambda found: f"uses: {found[1]}@{tags[found[1]]}", text)

    def configure(self, requirement: str) -> None:
        """Say in flowlift.toml what the jobs install. Nothing is committed."""
        config = self.forge.git.path / "flowlift.toml"
        text = f"[ci]\n{ci_settings(requirement)}"
        config.write_text(config.read_text("utf-8") + text, encoding="utf-8")

    def write_workflows(self) -> None:
        """`flowlift ci write github` in the clone, with the pins rewritten."""
        root = self.forge.git.path
        done = flowlift(["ci", "write", "github", "-C", str(root)], {})
        assert done.code == 0, done.err
        for file in (root / ".github/workflows").iterdir():
            file.write_text(self.rewrite(file.read_text("utf-8")), encoding="utf-8")

    def give(self, variables: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        """Set the repository's variables and secrets."""
        server, path = self.forge.server, f"{self.forge.path}/actions"
        for name, value in variables.items():
            server.ask("POST", f"{path}/variables/{name}", {"value": value}).raise_for_status()
        for name, value in secrets.items():
            server.ask("PUT", f"{path}/secrets/{name}", {"data": value}).raise_for_status()

    def settled(self, least: int = 1) -> list[Run]:
        """The runs since the last call, when all of them are over: at least `least`."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            new = [run for run in self._runs() if run["id"] not in self.seen]
            if len(new) >= least and all(run["status"] == "completed" for run in new):
                self.seen.update(run["id"] for run in new)
                return sorted((self._read(run) for run in new), key=lambda run: run.id)
            time.sleep(0.1)
        raise AssertionError(f"No end in {PATIENCE:.0f} s: {self._runs()}")

    def none(self, seconds: float = 3.0, but: tuple[str, ...] = ()) -> None:
        """Make sure that nothing is started: an event's runs are there at once.

        `but` are statuses of runs that have not begun.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            new = [run for run in self._runs() if run["id"] not in self.seen]
            begun = [run["path"] for run in new if run["status"] not in but]
            assert not begun, begun
            time.sleep(0.2)

    def summaries(self) -> dict[str, str]:
        """The summaries of all jobs of the runner, also of other tests, by their file's name."""
        assert self.forge.server.runner is not None
        folder = self.forge.server.runner / "summaries"
        return {file.name: file.read_text("utf-8") for file in folder.iterdir()}

    def _runs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.forge.server.get(
            f"{self.forge.path}/actions/runs?limit=50"
        )["workflow_runs"]
        return found

    def _read(self, run: dict[str, Any]) -> Run:
        path = f"{self.forge.path}/actions"
        jobs = self.forge.server.get(f"{path}/runs/{run['id']}/jobs")["jobs"]
        logs = {}
        for job in jobs:
            if job.get("conclusion") != "skipped":
                answer = self.forge.server.ask("GET", f"{path}/jobs/{job['id']}/logs")
                logs[job["name"]] = answer.text if answer.is_success else ""
        ended = {job["name"]: job.get("conclusion", "") for job in jobs}
        workflow = str(run["path"]).partition("@")[0]
        return Run(run["id"], workflow, run["event"], run.get("conclusion", ""), ended, logs)


def build_wheel(folder: Path) -> Path:
    """flowlift as it is installed from an index; uv's cache has all that it needs on return."""
    uv = Path(sys.executable).parent / "uv"
    subprocess.run(
        [uv, "build", "--quiet", "--wheel", "--no-build-isolation", "--out-dir", folder, ROOT],
        check=True,
        env={"PATH": f"{uv.parent}:/usr/bin:/bin", "VIRTUAL_ENV": str(uv.parent.parent)},
    )
    (found,) = folder.glob("*.whl")
    words = [str(uv), "tool", "run", "--quiet", "--from", required(found), "flowlift", "--version"]
    environ = {**os.environ, "UV_CACHE_DIR": str(CACHE), "UV_PYTHON": sys.executable}
    subprocess.run(words, check=True, env=environ, capture_output=True)
    return found


def required(wheel: Path) -> str:
    """The wheel as `requirement` of the configuration names it."""
    return f"flowlift @ {wheel.as_uri()}"


def ci_settings(requirement: str) -> str:
    """The keys of `[tool.flowlift.ci]`. This forge knows no queue of several."""
    return f'requirement = "{requirement}"\nqueue = "newest"\n'


def offer_setup_uv(server: ForgeServer, machine: Mapping[str, str] | None = None) -> dict[str, str]:
    """Put the stand-in for `astral-sh/setup-uv` on the forge; its tag by its name.

    uv asks no index in the jobs, so that neither their time nor their end hangs on one. `machine`
    are variables that the machine of an environment has.
    """
    folder = Path(sys.executable).parent
    more = [f"echo '{name}={value}' >>\"$GITHUB_ENV\"" for name, value in (machine or {}).items()]
    lines = (
        f"echo '{folder}' >>\"$GITHUB_PATH\"",
        f"echo 'UV_PYTHON={sys.executable}' >>\"$GITHUB_ENV\"",
        f"echo 'UV_CACHE_DIR={CACHE}' >>\"$GITHUB_ENV\"",
        "echo 'UV_OFFLINE=1' >>\"$GITHUB_ENV\"",
        *more,
    )
    return offer(server, "astral-sh/setup-uv", *lines)


def offer_builder(server: ForgeServer, environ: Mapping[str, str]) -> dict[str, str]:
    """Stand-ins for Docker's actions, which set up an engine that is there already."""
    lines = [f"echo '{name}={value}' >>\"$GITHUB_ENV\"" for name, value in environ.items()]
    return {
        **offer(server, "docker/setup-buildx-action", *lines),
        **offer(server, "docker/setup-qemu-action", "true"),
    }


def offer(server: ForgeServer, action: str, *lines: str) -> dict[str, str]:
    """Put a stand-in for an action on the forge, which runs `lines`; its tag by its name."""
    text = _STAND_IN.format(name=action, lines="".join(f"        {line}\n" for line in lines))
    tag = f"t{hashlib.sha256(text.encode()).hexdigest()[:10]}"
    owner, _, name = action.partition("/")
    server.ask("POST", "/orgs", {"username": owner})
    repository = {"name": name, "auto_init": True, "default_branch": "main"}
    server.ask("POST", f"/orgs/{owner}/repos", repository)
    path = f"/repos/{action}"
    if server.ask("GET", f"{path}/tags/{tag}").is_success:
        return {action: tag}
    body: dict[str, Any] = {"content": base64.b64encode(text.encode()).decode(), "branch": "main"}
    there = server.ask("GET", f"{path}/contents/action.yml")
    if there.is_success:
        body["sha"] = there.json()["sha"]
    method = "PUT" if there.is_success else "POST"
    server.ask(method, f"{path}/contents/action.yml", body).raise_for_status()
    server.ask("POST", f"{path}/tags", {"tag_name": tag, "target": "main"}).raise_for_status()
    return {action: tag}
