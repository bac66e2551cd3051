"""A process beside the story: its environment, its log, and its end."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from flowlift.demo.processes import Background


def _comes(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


def _start(tmp_path: Path, program: str, **more: str) -> Background:
    words = [sys.executable, "-S", "-E", "-c", program]
    return Background(words, {"PATH": os.environ["PATH"], **more}, tmp_path / "log")


def test_a_process_that_ends_by_itself_is_noticed_and_its_last_words_kept(tmp_path: Path):
    process = _start(tmp_path, "import sys; sys.exit('binding\\nno such port')")
    assert _comes(lambda: not process.runs)
    assert process.last_lines() == "binding\nno such port"
    assert process.last_lines(1) == "no such port"
    process.stop()


def test_it_gets_the_environment_that_is_given_and_runs_beside_its_log(tmp_path: Path):
    program = "import os; print(os.getcwd(), os.environ.get('ONE'), 'HOME' in os.environ)"
    process = _start(tmp_path, program, ONE="1")
    assert _comes(lambda: not process.runs)
    assert process.last_lines() == f"{tmp_path.resolve()} 1 False"


def test_one_that_runs_is_ended(tmp_path: Path):
    process = _start(tmp_path, "import time; print('up', flush=True); time.sleep(600)")
    assert _comes(lambda: process.last_lines() == "up")
    assert process.runs
    process.stop()
    assert not process.runs
