"""Processes that tests start, alone or together, and that never outlive the tests.

`keeper.py` runs each of them for as long as somebody holds its lock.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

KEEPER = Path(__file__).with_name("keeper.py")


@contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """Hold `lock` alone, among threads and processes, also when one of them dies."""
    with lock.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


class Kept:
    """A process with a folder of its own, used by whoever holds it: `start` it, or `join` it.

    The folder has the process's output in `log`, and a `notice` while it runs.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.log = folder / "log"
        self.notice = folder / "notice"
        self._lock = folder / "held"
        self._hold: IO[str] | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    def hold(self) -> None:
        """Keep the process from ending. Waits while it is being ended."""
        if self._hold is None:
            self._hold = self._lock.open("a")
            fcntl.flock(self._hold, fcntl.LOCK_SH)

    def start(self, command: Sequence[str], env: Mapping[str, str], notice: str = "") -> None:
        """Run `command`; the text of the notice is for others who share the process."""
        self.hold()
        self.notice.write_text(notice, encoding="utf-8")
        with self.log.open("ab") as log:
            self._keeper = subprocess.Popen(
                [sys.executable, "-IS", KEEPER, self._lock, self.notice, *command],
                env=env,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests, which let go in good order
            )

    @property
    def runs(self) -> bool:
        """Whether the process runs, whoever started it."""
        return self.notice.exists()

    def release(self) -> None:
        """Let go. The process ends when nobody holds it."""
        if self._hold is not None:
            self._hold.close()
            self._hold = None

    def stop(self) -> None:
        """Let go, and wait for the end. For a process that is not shared."""
        self.release()
        if self._keeper is not None:
            self._keeper.wait(30)

    def last_lines(self, count: int = 30) -> str:
        """The end of the log, for a message."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])
