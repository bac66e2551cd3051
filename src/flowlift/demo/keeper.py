"""Runs a command for as long as standard input stays open: `python keeper.py COMMAND...`

Whoever starts the keeper holds the other end of a pipe. The kernel closes it however the holder
ends, even by SIGKILL; then the command and everything that it started is killed. Only the standard
library is used, as this runs as a program of its own.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path


def main(command: list[str]) -> None:
    """Run `command` until it ends, or until standard input is closed."""
    # A shell that starts a job in the background has it ignore Ctrl-C, and so all below it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    leaving = threading.Lock()

    def leave_with_it() -> None:
        code = process.wait()
        with leaving:
            os._exit(code if code >= 0 else 128 - code)

    threading.Thread(target=leave_with_it, daemon=True).start()
    sys.stdin.buffer.read()
    with leaving:
        end(process.pid)
        process.wait()
        os._exit(0)


def end(root: int) -> None:
    """Kill `root` and all that it started, directly or not.

    They are halted first: what is halted starts nothing more, and its id stays its own. A process
    group would not do, as a Prefect worker gives each flow run a session of its own.
    """
    halted: list[int] = []
    while fresh := [pid for pid in (root, *descendants(root)) if pid not in halted]:
        for pid in fresh:
            _send(pid, signal.SIGSTOP)
        halted += fresh
    for pid in halted:
        _send(pid, signal.SIGKILL)


def descendants(root: int) -> list[int]:
    """The ids of all processes that `root` started, directly or not."""
    children: dict[int, list[int]] = {}
    for pid, parent in _processes():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    waiting = [root]
    while waiting:
        started = children.get(waiting.pop(), [])
        found += started
        waiting += started
    return found


def _processes() -> list[tuple[int, int]]:
    """Each process of this machine with its parent. Slim Linux images have no `ps`."""
    if not Path("/proc/self/stat").exists():
        table = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
        )
        return [
            (int(pid), int(parent)) for pid, parent in map(str.split, table.stdout.splitlines())
        ]
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            # Gone while we look: then it is nobody's parent any more.
            with contextlib.suppress(OSError):
                stat = (folder / "stat").read_bytes()
                # The name of the program comes before, in brackets, and may hold anything.
                found.append((int(folder.name), int(stat.rpartition(b")")[2].split()[1])))
    return found


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


if __name__ == "__main__":
    main(sys.argv[1:])
