"""Real Prefect servers, workers and work pools for the tests.

A server starts from a copy of a database that was migrated once, in about 7 s instead of 13. It is
started with an empty `PYTHONTZPATH`, as a Prefect server otherwise reads the whole time zone
database for each schedule that it checks.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from flowlift.demo.servers import UNCOLLECTED
from tests.parts.given import MissingPartError
from tests.parts.kept import Kept, exclusive

PATIENCE = 90.0
"""Seconds that a server or a worker may take to start on a busy machine."""

ATTEMPTS = 3


@dataclass
class Server:
    """A Prefect server: `url` is the API's address, ending in /api.

    `auth` is what `PREFECT_SERVER_API_AUTH_STRING` says; `process` is None where the server was
    given by an environment variable.
    """

    url: str
    auth: str | None = None
    process: Kept | None = None
    python: str = sys.executable
    _client: httpx.Client | None = field(default=None, repr=False)

    @property
    def ui_url(self) -> str:
        """The address of the pages for people."""
        return self.url.removesuffix("/api")

    def environ(self, home: Path) -> dict[str, str]:
        """The environment for a Prefect client program of this server, with its own home."""
        extra = {"PREFECT_API_URL": self.url}
        if self.auth:
            extra["PREFECT_API_AUTH_STRING"] = self.auth
        return prefect_environ(home, self.python, extra)

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """What the API answers, as JSON.

        A server on SQLite answers 503 while others write, and closes the connection: asked again.
        """
        if self._client is None:
            user, _, password = (self.auth or "").partition(":")
            login = httpx.BasicAuth(user, password) if self.auth else None
            self._client = httpx.Client(base_url=self.url, auth=login, timeout=30)
        deadline = time.monotonic() + PATIENCE
        while True:
            late = time.monotonic() > deadline
            try:
                answer = self._client.request(method, path, json=body)
            except httpx.TransportError:
                if late or not self._is_there:
                    raise
            else:
                if late or answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    answer.raise_for_status()
                    return answer.json() if answer.content else None
            time.sleep(0.5)

    @property
    def _is_there(self) -> bool:
        return self.process is None or self.process.runs

    def close(self) -> None:
        """Close the connection, and let the server go."""
        if self._client is not None:
            self._client.close()
            self._client = None
        if self.process is not None:
            self.process.release()

    def stop(self) -> None:
        """End a server that is not shared, and wait for its end."""
        self.close()
        if self.process is not None:
            self.process.stop()


def prefect_environ(home: Path, python: str, extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without any of its own Prefect settings, for a Prefect program."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PREFECT_", "FLOWLIFT_")) and name != "VIRTUAL_ENV"
    }
    return kept | {
        "PATH": f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}",
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLI_COLORS": "false",
        "PREFECT_LOGGING_COLORS": "false",
        "DO_NOT_TRACK": "1",
        "PYTHONTZPATH": "",
        **extra,
    }


def prefect_version(python: str) -> str:
    """The version of Prefect that an interpreter has.

    Raises:
        MissingPartError: it has none, or there is no such interpreter.
    """
    asked = "import importlib.metadata as m; print(m.version('prefect'))"
    try:
        answer = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        raise MissingPartError(f"{python} has no Prefect: install flowlift[demo] there.") from None
    return answer.stdout.strip()


def cached(name: str, make: Callable[[Path], None]) -> Path:
    """A file that is made once, by one process, and is whole where it exists."""
    given = os.environ.get("FLOWLIFT_TEST_CACHE")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    cache = Path(given) if given else home / "flowlift-tests"
    cache.mkdir(parents=True, exist_ok=True)
    file = cache / name
    with exclusive(cache / f"{name}.lock"):
        if not file.exists():
            with tempfile.TemporaryDirectory(dir=cache) as folder:
                fresh = Path(folder) / name
                make(fresh)
                fresh.replace(file)
    return file


def migrated_database(python: str) -> Path:
    """An empty database with all the tables of the interpreter's Prefect."""

    def make(file: Path) -> None:
        home = file.parent
        url = f"sqlite+aiosqlite:///{file}"
        environ = prefect_environ(home, python, {"PREFECT_API_DATABASE_CONNECTION_URL": url})
        command = [python, "-m", "prefect", "server", "database", "upgrade", "-y"]
        done = subprocess.run(
            command, env=environ, cwd=home, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"The database could not be made:\n{done.stdout}{done.stderr}")
        connection = sqlite3.connect(file)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    return cached(f"prefect-{prefect_version(python)}.db", make)


def process_job_template(python: str) -> dict[str, Any]:
    """The base job template that Prefect gives to a pool of type process."""

    def make(file: Path) -> None:
        asked = (
            "import json; from prefect.workers.process import ProcessWorker as W;"
            "print(json.dumps(W.get_default_base_job_template()))"
        )
        environ = prefect_environ(file.parent, python, {})
        done = subprocess.run(
            [python, "-c", asked], env=environ, stdout=subprocess.PIPE, text=True, check=True
        )
        file.write_text(done.stdout, encoding="utf-8")

    file = cached(f"process-template-{prefect_version(python)}.json", make)
    template: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return template


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start_server(
    folder: Path,
    *,
    python: str = sys.executable,
    env: Mapping[str, str] | None = None,
    wanted: Callable[[], bool] = lambda: True,
    host: str = "127.0.0.1",
) -> Server:
    """Start a server in `folder`, or join the one that runs there; it answers on return.

    `python` is the interpreter whose Prefect is started, `env` its further settings. `wanted` is
    asked while waiting, to stop early. `host` is where it listens: 0.0.0.0 for pods of a cluster.

    Raises:
        MissingPartError: the interpreter has no Prefect.
        RuntimeError: the server did not start; the end of its log is given.
    """
    process = Kept(folder)
    auth = (env or {}).get("PREFECT_SERVER_API_AUTH_STRING")
    process.hold()
    with exclusive(folder / "starting"):
        if process.runs:
            return Server(process.notice.read_text(encoding="utf-8"), auth, process, python)
        shutil.copyfile(migrated_database(python), folder / "prefect.db")
        environ = prefect_environ(folder, python, env or {})
        for _ in range(ATTEMPTS):
            port = free_port()
            server = Server(f"http://127.0.0.1:{port}/api", auth, process, python)
            command = [python, "-c", UNCOLLECTED, "server", "start", "--host", host]
            process.start([*command, "--port", str(port)], environ, notice=server.url)
            if _await_answer(server, wanted):
                return server
        raise RuntimeError(f"A Prefect server did not start:\n{process.last_lines()}")


def _await_answer(server: Server, wanted: Callable[[], bool]) -> bool:
    """Wait until the server answers. Not so: it ended, as when somebody took its port."""
    assert server.process is not None
    deadline = time.monotonic() + PATIENCE
    while server.process.runs and time.monotonic() < deadline and wanted():
        try:
            if httpx.get(f"{server.url}/health", timeout=5).is_success:
                return True
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    return False


def create_process_pool(server: Server, name: str) -> str:
    """Make a work pool of type process, with Prefect's own base job template."""
    template = process_job_template(server.python)
    body = {"name": name, "type": "process", "base_job_template": template}
    server.request("POST", "/work_pools/", body)
    return name


def start_worker(server: Server, pool: str, folder: Path) -> Kept:
    """Start a worker of type process on `pool`; it has polled once on return.

    It asks for runs each second, so that a run starts soon.

    Raises:
        RuntimeError: it did not start; the end of its log is given.
    """
    process = Kept(folder)
    environ = server.environ(folder) | {
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_WORKER_PREFETCH_SECONDS": "5",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
    }
    command = [server.python, "-m", "prefect", "worker", "start", "--type", "process"]
    process.start([*command, "--pool", pool, "--name", f"worker-of-{pool}"], environ)
    deadline = time.monotonic() + PATIENCE
    while process.runs and time.monotonic() < deadline:
        if server.request("POST", f"/work_pools/{pool}/workers/filter", {}):
            return process
        time.sleep(0.2)
    process.stop()
    raise RuntimeError(f"A worker did not start on {pool}:\n{process.last_lines()}")
