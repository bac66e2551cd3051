"""`flowlift demo` as a user runs it: the story to its end, or a loud failure, and nothing left."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from flowlift.demo.witness import Witness
from tests.parts.workspaces import Workspace

pytestmark = pytest.mark.real

FLOWLIFT = Path(sys.executable).with_name("flowlift")
PATIENCE = 900.0
"""Seconds: on two idle cores it takes about one minute, on a busy machine several."""

ELSEWHERE = {
    "PREFECT_API_URL": "http://127.0.0.1:1/api",
    "FLOWLIFT_PROD_API_URL": "http://127.0.0.1:1/api",
    "GITHUB_ACTIONS": "true",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_REF_TYPE": "branch",
    "GITHUB_REF_NAME": "somewhere-else",
    "GITHUB_SHA": "0" * 40,
}
"""What a demo in somebody's CI must not take for its own."""


@dataclass
class Demo:
    """A run of the demo, with temporary files and a home of its own."""

    folder: Path
    output: str = ""
    process: subprocess.Popen[str] = field(init=False)

    def start(self, environ: Mapping[str, str]) -> None:
        for name in ("home", "tmp"):
            (self.folder / name).mkdir()
        self.process = subprocess.Popen(
            [FLOWLIFT, "demo"],
            env=os.environ
            | {
                "HOME": str(self.folder / "home"),
                "TMPDIR": str(self.folder / "tmp"),
                "COLUMNS": "100",
                **environ,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def read_until(self, words: str) -> None:
        assert self.process.stdout is not None
        while words not in self.output:
            line = self.process.stdout.readline()
            assert line, f"It ended before it said {words!r}:\n{self.output}"
            self.output += line

    def wait(self) -> int:
        rest, _ = self.process.communicate(timeout=PATIENCE)
        self.output += rest
        return self.process.returncode

    def left_behind(self) -> list[str]:
        """What it left: files in its own folders, servers that answer, processes."""
        found = [str(path) for path in self.folder.glob("*/*")]
        for url in set(re.findall(r"http://127\.0\.0\.1:\d+", self.output)):
            try:
                httpx.get(f"{url}/api/health", timeout=5, trust_env=False)
            except httpx.TransportError:
                continue
            found.append(url)
        return found + [f"process {pid}" for pid in self._processes()]

    def _processes(self) -> list[int]:
        """The processes that know of this demo's folder. Where there is no /proc, none is found."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                knows = os.fsencode(self.folder) in (folder / "environ").read_bytes()
                ended = (folder / "stat").read_bytes().rpartition(b")")[2].split()[0] == b"Z"
            except OSError:
                continue  # it ended meanwhile, or is another user's
            if knows and not ended:
                found.append(int(folder.name))
        return found


@pytest.fixture
def demo(tmp_path: Path) -> Demo:
    return Demo(tmp_path)


def test_it_tells_the_whole_life_of_a_change(demo: Demo):
    begun = time.monotonic()
    demo.start(ELSEWHERE)
    assert demo.wait() == 0, demo.output
    assert time.monotonic() - begun < PATIENCE
    for said in (
        "$ flowlift init\n",
        "$ flowlift plan dev\n",
        "because source: src/shared/readings.py -> src/flows/ingest.py",
        'schedules.hourly: cron "5 * * * *" UTC, off',
        "lines as above",  # what `apply dev` does is what `plan dev` has shown
        "3 runs: 3 completed.",
        'schedules.hourly: cron "5 * * * *" UTC, on',
        "stays paused: paused by hand",
        "- delete report/weekly",
        "because branch gone: feat/every-third-hour",
        "No changes. prod holds what main declares",
        "No changes. dev holds what main declares",
    ):
        assert said in demo.output, demo.output
    # Two more where an engine and a registry are there for the chapter of the flows image.
    assert re.search(r"All 1[35] checks hold", demo.output), demo.output
    places = re.findall(r"^(DEV|PROD) +http://127\.0\.0\.1:\d+$", demo.output, re.MULTILINE)
    assert places == ["DEV", "PROD"]
    assert "\x1b" not in demo.output
    assert "somewhere-else" not in demo.output
    assert demo.left_behind() == []


def test_a_step_that_is_not_so_fails_loudly(demo: Demo, tmp_path: Path):
    """With a git on PATH whose push does nothing, and says that all went well."""
    real = shutil.which("git")
    assert real
    wrong = tmp_path.with_name(f"{tmp_path.name}-git")
    wrong.mkdir()
    (wrong / "git").write_text(f'#!/bin/sh\n[ "$1" = push ] || exec "{real}" "$@"\n')
    (wrong / "git").chmod(0o755)
    demo.start({"PATH": f"{wrong}{os.pathsep}{os.environ['PATH']}"})
    assert demo.wait() == 1, demo.output
    assert "this is not so: main is pushed" in demo.output
    assert re.search(r"expected: [0-9a-f]{40}\trefs/heads/main\n +found: +\n", demo.output)
    assert "flowlift demo --keep" in demo.output
    assert "checks hold" not in demo.output
    assert demo.left_behind() == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_it_leaves_nothing_behind(demo: Demo, number: signal.Signals, code: int):
    demo.start({})
    demo.read_until("$ git push")
    os.killpg(demo.process.pid, number)
    assert demo.wait() == code, demo.output
    assert demo.left_behind() == []


def test_its_proof_of_no_write_sees_a_write_that_changes_nothing(
    workspace: Workspace, work_pool: str
):
    request = workspace.server.request
    flow = request("POST", "/flows/", {"name": workspace.name("flow")})
    body = {
        "name": workspace.name("daily"),
        "flow_id": flow["id"],
        "work_pool_name": work_pool,
        "schedules": [
            {"slug": "daily", "active": True, "schedule": {"cron": "0 6 * * *", "timezone": "UTC"}}
        ],
    }
    deployment = request("POST", "/deployments/", body)["id"]
    witness = Witness(workspace.url)

    def state() -> list[object]:
        return [each for each in witness.state() if each["id"] == deployment]

    before = state()
    assert len(before) == 1
    assert state() == before
    request("POST", "/deployments/", body)
    assert state() != before
    witness.close()
