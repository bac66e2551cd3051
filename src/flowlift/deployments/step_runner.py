"""Runs build and push steps by Prefect's own means, in a process of its own.

Called as `python step_runner.py ANSWER` with the steps as JSON on standard input, in the folder
that the entrypoints are relative to. It imports nothing of flowlift, as the interpreter that has
the steps' packages need not have flowlift. The steps' outputs are written to ANSWER as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path


def _main(answer: str) -> None:
    # The steps come first: Prefect's import takes a second, and a broken pipe should not.
    steps = json.load(sys.stdin)
    sys.path.insert(0, str(Path.cwd()))
    from prefect.deployments.steps.core import run_steps

    outputs = asyncio.run(run_steps(steps, {}))
    Path(answer).write_text(json.dumps(outputs, default=str), encoding="utf-8")


if __name__ == "__main__":
    _main(sys.argv[1])
