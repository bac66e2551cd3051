"""Runs a command for as long as somebody holds a lock: `python keeper.py LOCK NOTICE COMMAND...`

Whoever uses the command holds LOCK shared. The keeper waits to hold it alone, which the kernel
allows when the last user has let go or has died, however it died: a test that fails, Ctrl-C, even
SIGKILL. Then the command and everything it started is ended, by their own process ids. NOTICE is a
file that says the command runs; it is removed before the command is ended, and when the command
ends by itself. Only the standard library is used, as any interpreter may run this.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

GRACE = 5.0
"""Seconds that a command has to end by itself before it is killed."""


Process = tuple[int, str]
"""A process id and when it started: an id alone may be given to another process."""


def descendants(root: int) -> list[Process]:
    """All processes that `root` started, directly or not."""
    table = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,lstart="], capture_output=True, text=True, check=True
    )
    children: dict[int, list[Process]] = {}
    for line in table.stdout.splitlines():
        pid, parent, started = line.split(maxsplit=2)
        children.setdefault(int(parent), []).append((int(pid), started))
    found: list[Process] = []
    waiting = [root]
    while waiting:
        started_by = children.get(waiting.pop(), [])
        found += started_by
        waiting += [pid for pid, _ in started_by]
    return found


def alive(processes: list[Process]) -> list[int]:
    """The ids of those that still run."""
    if not processes:
        return []
    ids = ",".join(str(pid) for pid, _ in processes)
    table = subprocess.run(
        ["ps", "-o", "pid=,lstart=", "-p", ids], capture_output=True, text=True, check=False
    )
    running = [line.split(maxsplit=1) for line in table.stdout.splitlines()]
    return [int(pid) for pid, started in running if (int(pid), started) in processes]


def end(command: subprocess.Popen[bytes]) -> None:
    """End the command gently, then by force, and then what it left behind.

    A worker starts each flow run in a session of its own, so a process group is not enough.
    """
    started = descendants(command.pid)
    command.terminate()
    try:
        command.wait(GRACE)
    except subprocess.TimeoutExpired:
        command.kill()
    for pid in alive(started):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def main(lock: str, notice: str, *argv: str) -> int:
    """Run `argv` until nobody holds `lock`; the exit code is the command's own."""
    command = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
    stopping = threading.Lock()

    def stop() -> None:
        with stopping:
            Path(notice).unlink(missing_ok=True)
            if command.poll() is None:
                end(command)

    def watch() -> None:
        with Path(lock).open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            stop()
            while True:  # held until this process ends, so that nobody joins what is ending
                time.sleep(GRACE)

    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=stop).start())
    threading.Thread(target=watch, daemon=True).start()
    code = command.wait()
    with stopping:
        Path(notice).unlink(missing_ok=True)
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
