"""How a test gets a real part: by an environment variable, or it says why there is none.

`FLOWLIFT_REQUIRE_REAL=1` turns a part that is missing from a skip into a failure, so that a run
that is meant to test everything cannot pass by skipping.

A part may still be on its way when the tests start (a first build of an image takes minutes).
Whoever starts it names a folder in `FLOWLIFT_TEST_PARTS` and puts there `PART.starting` first,
and in the end either `PART.ready`, a file of `VARIABLE=value` lines, or `PART.failed` with the
reason. A test that needs the part waits for one of the two.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NoReturn

import pytest

PATIENCE = 1800.0
"""Seconds that a part may take to start."""


class MissingPartError(Exception):
    """A real part is not there. The message says which, and how to give it."""


def missing(reason: str) -> NoReturn:
    """Skip the test, or fail it where `FLOWLIFT_REQUIRE_REAL=1` asks for every part."""
    if os.environ.get("FLOWLIFT_REQUIRE_REAL") == "1":
        pytest.fail(f"{reason} (FLOWLIFT_REQUIRE_REAL=1)", pytrace=False)
    pytest.skip(reason)


def given(variable: str, part: str) -> str:
    """The value of an environment variable by which a part is given.

    Raises:
        MissingPartError: nobody gives it, or the part failed to start.
    """
    if variable not in os.environ and (folder := os.environ.get("FLOWLIFT_TEST_PARTS")):
        _await(part, Path(folder))
    if not os.environ.get(variable):
        raise MissingPartError(
            f"{variable} is not set: see CONTRIBUTING.md for how to give {part}."
        )
    return os.environ[variable]


def _await(part: str, folder: Path) -> None:
    """Take over the variables of a part that is starting; at once where nobody starts it."""
    starting, ready, failed = (folder / f"{part}.{end}" for end in ("starting", "ready", "failed"))
    deadline = time.monotonic() + PATIENCE
    while starting.exists() and time.monotonic() < deadline:
        if ready.exists():
            for line in ready.read_text(encoding="utf-8").splitlines():
                name, _, value = line.partition("=")
                os.environ[name] = value
            return
        if failed.exists():
            raise MissingPartError(f"{part} did not start: {failed.read_text(encoding='utf-8')}")
        time.sleep(0.2)
    if starting.exists():
        raise MissingPartError(f"{part} did not start within {PATIENCE:.0f} s.")
