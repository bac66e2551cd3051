"""What the demo starts never outlives it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flowlift.demo.keeper import descendants
from flowlift.demo.processes import Background

SLEEP = "import time; time.sleep(600)"
FAMILY = f"""
import os, subprocess, sys, time
from pathlib import Path
child = subprocess.Popen([sys.executable, "-c", {SLEEP!r}], start_new_session=True)
Path("child.part").write_text(str(child.pid))
Path("child.part").rename("child")
time.sleep(600)
"""
"""A program with a child in a session of its own, as a Prefect worker has for each run."""

HOLDER = f"""
import os, sys, time
from pathlib import Path
from flowlift.demo.processes import Background
Background([sys.executable, "-c", {FAMILY!r}], os.environ, Path("log").resolve())
time.sleep(600)
"""


def _alive(pid: int) -> bool:
    """Whether a process runs. One that has ended stays in the table until its parent looks."""
    table = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return table.stdout.strip()[:1] not in {"", "Z"}


def _comes(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Callable[[], int]]:
    """The id of the child, as soon as it is there; it is ended if the test did not."""
    file = tmp_path / "child"

    def get() -> int:
        assert _comes(file.exists)
        return int(file.read_text())

    yield get
    if file.exists() and _alive(get()):
        os.kill(get(), signal.SIGKILL)


def _start(tmp_path: Path, program: str) -> Background:
    return Background([sys.executable, "-c", program], os.environ, tmp_path / "log")


def test_a_process_ends_with_all_that_it_started(tmp_path: Path, child: Callable[[], int]):
    process = _start(tmp_path, FAMILY)
    pid = child()
    assert process.runs
    assert pid in descendants(os.getpid())
    process.stop()
    assert not process.runs
    assert _comes(lambda: not _alive(pid))


def test_it_ends_as_well_when_we_are_killed(tmp_path: Path, child: Callable[[], int]):
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], cwd=tmp_path)
    pid = child()
    holder.kill()
    holder.wait()
    assert _comes(lambda: not _alive(pid))
