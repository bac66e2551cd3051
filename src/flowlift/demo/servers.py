"""The Prefect servers and workers of the demo.

The first server migrates its new database, and the second starts from a copy of that: the
migration is half of a start. Both start with an empty `PYTHONTZPATH`, as a Prefect server otherwise
reads the whole time zone database for each schedule that it checks.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flowlift.demo.processes import Background
from flowlift.demo.witness import Witness
from flowlift.errors import FlowliftError

PATIENCE = 240.0
"""Seconds that a server or a worker may take to start on a busy machine."""

UNCOLLECTED = "import gc, runpy; gc.disable(); runpy.run_module('prefect', run_name='__main__')"
"""Prefect without a garbage collector, for its server.

SQLAlchemy 2.0 leaves cursors to the collector. To close one, the event loop waits until nobody uses
its connection, which may wait for a lock that only the event loop can lift: then the server stands
still for a minute. It did so once in 200 new deployments, and never in 1,200 without a collector.
"""

_ATTEMPTS = 3
_PAUSE = 0.1


class ClosingError(Exception):
    """The demo ends before what was awaited is there."""


@dataclass
class Server:
    """A Prefect server with one process worker, both in a folder of their own.

    `environment` is whose workspace it stands for: dev or prod.
    """

    environment: str
    folder: Path
    closing: threading.Event
    url: str = ""
    _started: list[Background] = field(default_factory=list)

    @property
    def ui_url(self) -> str:
        """The address of the pages for people."""
        return self.url.removesuffix("/api")

    @property
    def database(self) -> Path:
        """The server's SQLite file."""
        return self.folder / "prefect.db"

    def start(self, migrated: Path | None = None) -> Witness:
        """Start the server, from a copy of a migrated database where there is one; it answers.

        Raises:
            FlowliftError: it does not start; the end of its log is told.
            ClosingError: the demo ends meanwhile.
        """
        self.folder.mkdir(exist_ok=True)
        if migrated:
            _copy_database(migrated, self.database)
        command = [sys.executable, "-c", UNCOLLECTED, "server", "start", "--host", "127.0.0.1"]
        for _ in range(_ATTEMPTS):
            port = _free_port()
            self.url = f"http://127.0.0.1:{port}/api"
            process = self._run([*command, "--port", str(port)], "server")
            witness = Witness(self.url)
            if self._await(witness.answers, process):
                return witness
            # It ended, as when another program took the port meanwhile.
        raise self._failed("server", process)

    def start_worker(self, witness: Witness, pool: str) -> None:
        """Start a process worker, which makes its work pool; it polls on return.

        Raises:
            FlowliftError: it does not start; the end of its log is told.
            ClosingError: the demo ends meanwhile.
        """
        command = [sys.executable, "-m", "prefect", "worker", "start", "--type", "process"]
        process = self._run([*command, "--pool", pool, "--name", f"{pool}-worker"], "worker")
        if not self._await(lambda: witness.has_worker(pool), process):
            raise self._failed("worker", process)

    def stop(self) -> None:
        """End the worker, then the server."""
        while self._started:
            self._started.pop().stop()

    def _run(self, command: list[str], name: str) -> Background:
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        environ = outside(os.environ) | {
            "PREFECT_HOME": str(self.folder),
            "PREFECT_API_URL": self.url,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_CLI_COLORS": "false",
            "PREFECT_LOGGING_COLORS": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "DO_NOT_TRACK": "1",
            "PYTHONTZPATH": "",
            "TMPDIR": str(temporary),  # where runs put their clones
        }
        if name == "server":
            del environ["PREFECT_API_URL"]
        process = Background(command, environ, self.folder / f"{name}.log")
        self._started.append(process)
        return process

    def _await(self, ready: Callable[[], bool], process: Background) -> bool:
        deadline = time.monotonic() + PATIENCE
        while process.runs and time.monotonic() < deadline:
            if ready():
                return True
            if self.closing.wait(_PAUSE):
                break
        if self.closing.is_set():
            raise ClosingError
        return False

    def _failed(self, what: str, process: Background) -> FlowliftError:
        why = f"did not answer within {PATIENCE:.0f} s" if process.runs else "ended"
        return FlowliftError(
            f"The Prefect {what} of {self.environment} {why}.\n{process.last_lines()}",
            remedy="Does `pip install 'flowlift[demo]'` change something here?",
        )


def outside(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment without what steers git, Prefect, flowlift or its view of the CI."""
    steering = ("PREFECT_", "FLOWLIFT_", "GIT_", "GITHUB_", "GITEA_", "GITLAB_", "CI_")
    kept = {name: value for name, value in environ.items() if not name.startswith(steering)}
    past_proxy = [each for each in (kept.get("NO_PROXY"), "127.0.0.1", "localhost") if each]
    return (
        kept
        | dict.fromkeys(("NO_PROXY", "no_proxy"), ",".join(past_proxy))
        | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
        }
    )


def _copy_database(source: Path, target: Path) -> None:
    """Copy a database that its server has open."""
    reading, writing = sqlite3.connect(source), sqlite3.connect(target)
    try:
        reading.backup(writing)
    finally:
        reading.close()
        writing.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
