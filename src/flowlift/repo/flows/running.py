"""Have another interpreter read flows by running their code, whatever that code does."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from flowlift.repo.entrypoint import Entrypoint, Place
from flowlift.repo.flows import interpreter

Answer = dict[str, Any]

_CHILD = Path(__file__).with_name("child.py")


class Limits(NamedTuple):
    """How long is waited, in seconds: for Prefect's import, for one flow, for all of them."""

    start: float = 120
    flow: float = 60
    all: float = 600


LIMITS = Limits()


class WantedFlow(NamedTuple):
    """An entrypoint to read, and where it points to."""

    entrypoint: Entrypoint
    place: Place


def run(
    python: str,
    root: Path,
    wanted: Sequence[WantedFlow],
    *,
    sources: Sequence[str],
    asked: Iterable[str] = (),
    limits: Limits = LIMITS,
) -> list[Answer]:
    """What `python` says of each of `wanted`, in their order.

    One process reads them all. Where one ends the process or does not come to an end, its answer
    is `{"failed": why}`, and another process goes on with the next. `asked` are the environment
    variables that the code may see beyond what Python needs.
    """
    answers: list[Answer] = []
    until = time.monotonic() + limits.all
    with tempfile.TemporaryDirectory(prefix="flowlift-") as home:
        environment = interpreter.environment(os.environ, home, asked)
        while len(answers) < len(wanted):
            if time.monotonic() > until:
                answers.append({"failed": f"the flows took longer than {limits.all:g} s together"})
                continue
            rest = [_request(root, one) for one in wanted[len(answers) :]]
            request = {"repository": str(root), "sources": list(sources), "entrypoints": rest}
            answers.extend(_ask(python, root, request, environment, limits))
    return answers


def _request(root: Path, wanted: WantedFlow) -> dict[str, Any]:
    entrypoint, place = wanted
    return {
        "folder": str(root / entrypoint.root),
        "text": entrypoint.text.strip(),
        "file": None if place.file is None else str(root / place.file),
        "module": place.module,
        "parts": place.parts,
    }


def _ask(
    python: str, root: Path, request: Answer, environment: dict[str, str], limits: Limits
) -> Iterator[Answer]:
    """The answers of one process; the last one says what ended it, if it ended too early."""
    try:
        process = subprocess.Popen(
            [python, str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=root,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        yield from [{"failed": f"{python} cannot be run: {error}"}] * len(request["entrypoints"])
        return
    lines = _Lines(process, request)
    try:
        first = lines.next(limits.start)
        if first is None:
            why = f"{python} cannot import Prefect ({_ended(process, limits.start)})"
            yield from [{"failed": why}] * len(request["entrypoints"])
            return
        for _ in request["entrypoints"]:
            line = lines.next(limits.flow)
            if line is None:
                yield {"failed": f"running its code {_ended(process, limits.flow)}"}
                return
            yield {**line, "prefect": first["prefect"]}
    finally:
        _stop(process)


class _Lines:
    """What a process answers, read beside it so that waiting for a line can be given up."""

    def __init__(self, process: subprocess.Popen[bytes], request: Answer) -> None:
        self._queue: queue.SimpleQueue[Answer | None] = queue.SimpleQueue()
        self._process = process
        threading.Thread(target=self._read, args=(request,), daemon=True).start()

    def next(self, seconds: float) -> Answer | None:
        """The next answer; None where none comes in time, or the process has ended."""
        with contextlib.suppress(queue.Empty):
            return self._queue.get(timeout=seconds)
        return None

    def _read(self, request: Answer) -> None:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None  # noqa: S101 - both are pipes
        # A process that has ended already is noticed by its silence.
        with contextlib.suppress(OSError), stdin:
            stdin.write(json.dumps(request).encode())
        with contextlib.suppress(OSError, ValueError):
            for line in stdout:
                self._queue.put(json.loads(line))
        self._queue.put(None)


def _ended(process: subprocess.Popen[bytes], seconds: float) -> str:
    with contextlib.suppress(subprocess.TimeoutExpired):
        # Its last answer may come a moment before its end.
        code = process.wait(timeout=0.5)
        return f"ended the interpreter with code {code}"
    return f"took longer than {seconds:g} s"


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process, and what its code has started."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
