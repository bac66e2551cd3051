"""Runs a command line program's console script many times in one interpreter, a fork each.

Importing Prefect takes over a second, deploying a small manifest a tenth of that. This script is
started by the interpreter whose program is to be run (any supported Prefect, so only the standard
library is used here). It imports the program once, by the entry point that its console script
uses, and then forks for every job: the job's process has the environment, the working directory
and the arguments that a shell would have given.

Standard input holds one JSON object: `program` (the console script's name), `imports` (modules to
import before the first fork), `jobs`: a list of `{"argv", "cwd", "env", "timeout"}`. Standard
output gets one JSON object a job: `{"code", "output", "errors", "seconds"}`.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

Job = dict[str, Any]

PATIENCE = 120.0
"""Seconds that a job may take; then its whole session is ended, and its code is TIMED_OUT."""

TIMED_OUT = 124
DEFECT = 70
"""The code of a job whose process could not even begin."""


def main() -> None:
    request = json.load(sys.stdin)
    name = request["program"]
    (entry,) = importlib.metadata.entry_points(group="console_scripts", name=name)
    # A console script's first search path is the folder that it stands in, not ours.
    sys.path[0] = str(Path(sys.executable).parent)
    program = entry.load()
    for module in request.get("imports", ()):
        importlib.import_module(module)
    for job in request["jobs"]:
        print(json.dumps(_run(name, program, job)), flush=True)


def _run(name: str, program: Any, job: Job) -> Job:
    started = time.perf_counter()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        child = os.fork()
        if not child:
            _become(name, program, job, output.fileno(), errors.fileno())
        code = _wait(child, time.monotonic() + job.get("timeout", PATIENCE))
        texts = []
        for stream in (output, errors):
            stream.seek(0)
            texts.append(stream.read().decode("utf-8", "replace"))
    seconds = time.perf_counter() - started
    return {"code": code, "output": texts[0], "errors": texts[1], "seconds": seconds}


def _become(name: str, program: Any, job: Job, output: int, errors: int) -> None:
    """Turn this process into the job's; never returns."""
    code = DEFECT
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(errors, 2)
        os.environ.clear()
        os.environ.update(job["env"])
        os.chdir(job["cwd"])
        sys.argv = [name, *job["argv"]]
        returned = program()
        code = returned if isinstance(returned, int) else 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        if isinstance(stop.code, str):
            print(stop.code, file=sys.stderr)
    except BaseException:  # a program's traceback is a result, as in a shell
        traceback.print_exc()
        code = 1
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def _wait(child: int, deadline: float) -> int:
    """The exit code of `child`; past the deadline its whole session is ended."""
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return TIMED_OUT


if __name__ == "__main__":
    main()
