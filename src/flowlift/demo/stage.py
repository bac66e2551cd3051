"""Where the story plays: a temporary folder with a repository, its remote, and two servers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType

from flowlift.config import own_variable
from flowlift.demo.prompt import Prompt
from flowlift.demo.servers import Server, outside
from flowlift.demo.witness import Witness
from flowlift.render.screen import screen_of
from flowlift.scaffold import pool_name

PLATFORM = "weather"
DEFAULT_BRANCH = "main"


class DemoStage:
    """As a context manager: made on entry, ended and removed on leaving, whatever happens.

    `dev` and `prod` are the workspaces, as soon as their servers answer and their workers poll.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="flowlift-demo-")).resolve()
        self.repository = self.folder / PLATFORM
        self.remote = self.folder / f"{PLATFORM}.git"
        self._closing = threading.Event()
        self.servers = [
            Server(environment, self.folder / environment, self._closing)
            for environment in ("dev", "prod")
        ]
        self._beside = ThreadPoolExecutor(max_workers=len(self.servers))
        self._witnesses: list[Witness] = []

    def __enter__(self) -> DemoStage:
        migrated: Future[Path] = Future()
        self.dev = self._beside.submit(self._raise_first, migrated)
        self.prod = self._beside.submit(self._raise_second, migrated)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with _undisturbed():
            self._closing.set()
            # Twice: what waits for a server waits no longer, and may yet have started another.
            self._stop()
            self._beside.shutdown()
            self._stop()
            shutil.rmtree(self.folder)

    def prompt(self) -> Prompt:
        """Asha's prompt in the platform repository, an empty clone of its remote."""
        environ = outside(os.environ) | {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PREFECT_HOME": str(self.folder / "home"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "GIT_PAGER": "cat",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "color.ui",
            "GIT_CONFIG_VALUE_0": "always" if screen_of(sys.stdout).colour else "never",
            "GIT_AUTHOR_NAME": "Asha",
            "GIT_AUTHOR_EMAIL": "asha@example.com",
            "GIT_COMMITTER_NAME": "Asha",
            "GIT_COMMITTER_EMAIL": "asha@example.com",
        }
        init = ["git", "init", "--quiet", f"--initial-branch={DEFAULT_BRANCH}"]
        subprocess.run([*init, "--bare", str(self.remote)], env=environ, check=True)
        subprocess.run([*init, str(self.repository)], env=environ, check=True)
        prompt = Prompt(self.repository, environ)
        prompt.ask_git("remote", "add", "origin", self.remote.as_uri())
        return prompt

    def endpoints(self) -> dict[str, str]:
        """The variables that tell flowlift where the servers are."""
        return {own_variable(each.environment, "API_URL"): each.url for each in self.servers}

    def _raise_first(self, migrated: Future[Path]) -> Witness:
        server = self.servers[0]
        try:
            witness = self._witness(server.start())
        except BaseException as error:
            migrated.set_exception(error)
            raise
        migrated.set_result(server.database)
        server.start_worker(witness, pool_name(PLATFORM))
        return witness

    def _raise_second(self, migrated: Future[Path]) -> Witness:
        server = self.servers[1]
        witness = self._witness(server.start(migrated.result()))
        server.start_worker(witness, pool_name(PLATFORM))
        return witness

    def _witness(self, witness: Witness) -> Witness:
        self._witnesses.append(witness)
        return witness

    def _stop(self) -> None:
        for server in self.servers:
            server.stop()
        while self._witnesses:
            self._witnesses.pop().close()


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Leave in good order when the terminal is closed, or when somebody ends this process."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    numbers = [signal.SIGTERM, signal.SIGHUP]
    before = {number: signal.getsignal(number) for number in numbers}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # as `nohup` asks for
            signal.signal(number, leave)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C does not leave anything behind."""
    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
