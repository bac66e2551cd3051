"""The written workflows on the real forge: pushed, run by its runner, and read back.

The forge knows no commit of the hosted services' actions. So a pushed workflow names tags in the
place of the pins, of stand-ins: the forge's own for `actions/checkout`, and one that puts this
machine's uv on the PATH for `astral-sh/setup-uv`. Nothing else of a workflow is changed.
"""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.real.forge import ForgeRepository, ForgeServer
from tests.real.platform import flowlift

CHECKOUT = "v6"
PATIENCE = 120.0
_PIN = re.compile(r"uses: (\S+)@[0-9a-f]{40} # \S+")
_SETUP_UV = """\
name: setup-uv
description: Stand-in for astral-sh/setup-uv on a test's forge. This machine's uv serves.
inputs:
  version: {{default: ""}}
  python-version: {{default: ""}}
  enable-cache: {{default: ""}}
runs:
  using: composite
  steps:
    - shell: bash
      run: |
        echo '{bin}' >>"$GITHUB_PATH"
        echo 'UV_PYTHON={python}' >>"$GITHUB_ENV"
        echo 'UV_CACHE_DIR={cache}' >>"$GITHUB_ENV"
"""


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
        found = []
        for log in self.logs.values():
            times = [
                datetime.fromisoformat(line[:26])
                for line in log.splitlines()
                if line.rstrip().endswith((f"Run Main {step}", f"Success - Main {step}"))
            ]
            if len(times) == 2:
                found.append((times[1] - times[0]).total_seconds())
        return max(found)

    @property
    def log(self) -> str:
        """All logs."""
        return "\n".join(self.logs.values())


@dataclass
class ForgeJobs:
    """What the events of a repository on the forge start."""

    forge: ForgeRepository
    setup_uv: str
    seen: set[int] = field(default_factory=set)

    def rewrite(self, text: str) -> str:
        """A workflow with tags of stand-ins in the place of the pins."""
        tags = {"actions/checkout": CHECKOUT, "astral-sh/setup-uv": self.setup_uv}
        return _PIN.sub(lambda found: f"uses: {found[1]}@{tags.get(found[1], 'v1')}", text)

    def write_workflows(self, requirement: str) -> None:
        """`flowlift ci write github` in the clone, with the pins rewritten."""
        root = self.forge.git.path
        config = root / "flowlift.toml"
        # This forge knows no queue of several.
        ci = f'[ci]\nrequirement = "{requirement}"\nqueue = "newest"\n'
        config.write_text(config.read_text("utf-8") + ci, encoding="utf-8")
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

    def none(self, seconds: float = 3.0) -> None:
        """Make sure that nothing is started: an event's runs are there at once."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            new = [run["path"] for run in self._runs() if run["id"] not in self.seen]
            assert not new, new
            time.sleep(0.2)

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
            if job["conclusion"] != "skipped":
                answer = self.forge.server.ask("GET", f"{path}/jobs/{job['id']}/logs")
                logs[job["name"]] = answer.text if answer.is_success else ""
        ended = {job["name"]: job["conclusion"] for job in jobs}
        workflow = str(run["path"]).partition("@")[0]
        return Run(run["id"], workflow, run["event"], run["conclusion"], ended, logs)


def build_wheel(folder: Path) -> Path:
    """flowlift as it is installed from an index."""
    uv = Path(sys.executable).parent / "uv"
    root = Path(__file__).parents[2]
    subprocess.run(
        [uv, "build", "--quiet", "--wheel", "--no-build-isolation", "--out-dir", folder, root],
        check=True,
        env={"PATH": f"{uv.parent}:/usr/bin:/bin", "VIRTUAL_ENV": str(uv.parent.parent)},
    )
    (found,) = folder.glob("*.whl")
    return found


def offer_setup_uv(server: ForgeServer, cache: Path) -> str:
    """Put the stand-in for `astral-sh/setup-uv` on the forge; its tag."""
    folder = Path(sys.executable).parent
    text = _SETUP_UV.format(bin=folder, python=sys.executable, cache=cache)
    tag = f"t{hashlib.sha256(text.encode()).hexdigest()[:10]}"
    server.ask("POST", "/orgs", {"username": "astral-sh"})
    repository = {"name": "setup-uv", "auto_init": True, "default_branch": "main"}
    server.ask("POST", "/orgs/astral-sh/repos", repository)
    path = "/repos/astral-sh/setup-uv"
    if server.ask("GET", f"{path}/tags/{tag}").is_success:
        return tag
    body: dict[str, Any] = {"content": base64.b64encode(text.encode()).decode(), "branch": "main"}
    there = server.ask("GET", f"{path}/contents/action.yml")
    if there.is_success:
        body["sha"] = there.json()["sha"]
    method = "PUT" if there.is_success else "POST"
    server.ask(method, f"{path}/contents/action.yml", body).raise_for_status()
    server.ask("POST", f"{path}/tags", {"tag_name": tag, "target": "main"}).raise_for_status()
    return tag
