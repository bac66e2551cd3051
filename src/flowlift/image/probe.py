"""Imports entrypoints as a flow run would. It runs inside the image, with the image's own Python.

Called as `python probe.py CASES` where CASES is a JSON file with a list of `{entrypoint, folder}`.
It imports nothing of flowlift. Each entrypoint is imported in a process of its own, forked once
Prefect is loaded: so one cannot hide another's missing module, and Prefect is loaded only once.
A line of JSON is written for each; what the flows print themselves goes to standard error.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

PATIENCE = 300
"""Seconds that one import may take; an emulated processor is slow."""


def _main(cases: str) -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    listed = json.loads(Path(cases).read_text(encoding="utf-8"))
    try:
        import prefect.flows  # noqa: F401 - once, for all that follow
    except BaseException as error:
        _answer(answers, {"fatal": f"{type(error).__name__}: {error}"})
        return
    for number, case in enumerate(listed):
        read, write = os.pipe()
        child = os.fork()
        if not child:
            os.close(read)
            signal.alarm(PATIENCE)
            with os.fdopen(write, "w", encoding="utf-8") as pipe:
                json.dump(_import(case["entrypoint"], Path(case["folder"])), pipe)
            os._exit(0)
        os.close(write)
        with os.fdopen(read, encoding="utf-8") as pipe:
            said = pipe.read()
        _, status = os.waitpid(child, 0)
        result = json.loads(said) if said else {"error": _end(status)}
        _answer(answers, {"number": number, **result})


def _answer(stream: Any, answer: dict[str, Any]) -> None:
    stream.write(json.dumps(answer) + "\n")
    stream.flush()


def _import(entrypoint: str, folder: Path) -> dict[str, Any]:
    from prefect.flows import load_flow_from_entrypoint

    try:
        os.chdir(folder)
        sys.path[0] = str(folder)
        flow: Any = load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)
    except BaseException as error:
        return _explained(error, folder)
    return {"flow": flow.name}


def _explained(error: BaseException, folder: Path) -> dict[str, Any]:
    """What went wrong, and the deepest line of the repository's own code on the way there."""
    while (inner := getattr(error, "user_exc", None) or error.__cause__) is not None:
        error = inner
    place: dict[str, Any] = {}
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(f"{folder}{os.sep}"):
            place = {"file": os.path.relpath(frame.filename, folder), "line": frame.lineno}
    if isinstance(error, SyntaxError) and error.filename:
        place = {"file": os.path.relpath(error.filename, folder), "line": error.lineno}
    return {"error": f"{type(error).__name__}: {error}".split("\n")[0], **place}


def _end(status: int) -> str:
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if number == signal.SIGALRM:
        return f"the import did not end within {PATIENCE} s"
    if number:
        return f"the import was ended by {signal.Signals(number).name}"
    return f"the import ended the process with code {os.WEXITSTATUS(status)}"


if __name__ == "__main__":
    _main(sys.argv[1])
