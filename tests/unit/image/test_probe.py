"""The program that imports entrypoints inside an image: each alone, and whatever the code does.

It is run as there, by the interpreter's own `python`, beside a stand-in for Prefect.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flowlift.image import probe
from tests.parts import trees

STAND_IN_PREFECT = '''
import importlib, importlib.util, sys


class ScriptError(Exception):
    """As Prefect's own, which holds what the user's code has raised."""

    def __init__(self, user_exc):
        self.user_exc = user_exc


class Flow:
    def __init__(self, function):
        self.name = function.__name__


def load_flow_from_entrypoint(entrypoint, use_placeholder_flow):
    assert not use_placeholder_flow
    path, _, name = entrypoint.rpartition(":")
    if not path.endswith(".py"):
        return getattr(importlib.import_module(path), name)
    spec = importlib.util.spec_from_file_location("__script__", path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ScriptError(error) from error
    return getattr(module, name)
'''

FLOW = "from prefect.flows import Flow\n@Flow\ndef f(): ...\n"
FILES = {
    "good.py": FLOW,
    "prints.py": f"import os\nprint('{{}}')\nos.write(1, b'{{}}')\n{FLOW}",
    "hides.py": f"import sys, types\nsys.modules['lost'] = types.ModuleType('lost')\n{FLOW}",
    "needs.py": f"import lost\n{FLOW}",
    "pkg/__init__.py": "",
    "pkg/deep.py": "def make():\n    return 1 / 0\n",
    "raises.py": f"from pkg.deep import make\nmake()\n{FLOW}",
    "broken.py": "x = (\n",
    "exits.py": "import os\nos._exit(4)\n",
    "dies.py": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
    "stops.py": f"import sys\nsys.exit(3)\n{FLOW}",
    "missing.py": "",
    "team/near.py": "N = 1\n",
    "team/jobs.py": f"from near import N\n{FLOW}",
}
ENTRYPOINTS = [f"{name}:f" for name in FILES if name not in {"pkg/__init__.py", "team/near.py"}]


def probed(program: Path, folder: Path, cases: list[dict[str, str]]) -> list[dict[str, Any]]:
    """What the program writes on its standard output, which only it does."""
    listed = folder / "cases.json"
    listed.write_text(json.dumps(cases))
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-B", str(program), str(listed)],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What it says of each entrypoint, of one run; those in `team` are relative to that."""
    root = tmp_path_factory.mktemp("image")
    trees.write(root / "repository", FILES)
    cases = [
        {"entrypoint": text.removeprefix("team/"), "folder": str(root / "repository" / folder)}
        for text in ENTRYPOINTS
        for folder in ["team" if text.startswith("team/") else "."]
    ]
    # An interpreter searches the folder of its script: there stands what is installed.
    trees.write(root, {"prefect/__init__.py": "", "prefect/flows.py": STAND_IN_PREFECT})
    trees.write(root, {"probe.py": Path(probe.__file__).read_text()})
    said = probed(root / "probe.py", root, cases)
    assert [answer["number"] for answer in said] == list(range(len(cases)))
    return dict(zip(ENTRYPOINTS, said, strict=True))


def test_a_flow_that_can_be_imported_says_its_name(answers: dict[str, Any]) -> None:
    assert answers["good.py:f"]["flow"] == "f"
    assert "error" not in answers["good.py:f"]


def test_what_a_flow_prints_is_no_answer(answers: dict[str, Any]) -> None:
    assert answers["prints.py:f"]["flow"] == "f"


def test_one_does_not_hide_what_another_lacks(answers: dict[str, Any]) -> None:
    assert answers["hides.py:f"]["flow"] == "f"
    assert answers["needs.py:f"]["error"] == "ModuleNotFoundError: No module named 'lost'"


def test_the_deepest_line_of_the_repositorys_own_code_is_told(answers: dict[str, Any]) -> None:
    told = answers["raises.py:f"]
    assert told["error"] == "ZeroDivisionError: division by zero"
    assert (told["file"], told["line"]) == ("pkg/deep.py", 2)
    assert (answers["needs.py:f"]["file"], answers["needs.py:f"]["line"]) == ("needs.py", 1)


def test_a_syntax_error_has_its_own_place(answers: dict[str, Any]) -> None:
    told = answers["broken.py:f"]
    assert told["error"].startswith("SyntaxError: ")
    assert (told["file"], told["line"]) == ("broken.py", 1)


@pytest.mark.parametrize(
    ("entrypoint", "error"),
    [
        ("exits.py:f", "the import ended the process with code 4"),
        ("dies.py:f", "the import was ended by SIGKILL"),
        ("stops.py:f", "SystemExit: 3"),
        ("missing.py:f", "AttributeError: "),
    ],
)
def test_code_that_ends_or_fails_takes_nobody_with_it(
    answers: dict[str, Any], entrypoint: str, error: str
) -> None:
    assert answers[entrypoint]["error"].startswith(error)


def test_each_is_imported_in_its_own_folder(answers: dict[str, Any]) -> None:
    assert answers["team/jobs.py:f"]["flow"] == "f"


def test_without_prefect_that_is_the_one_answer(tmp_path: Path) -> None:
    trees.write(tmp_path, FILES)
    cases = [{"entrypoint": "good.py:f", "folder": str(tmp_path)}]
    said = probed(Path(probe.__file__), tmp_path, cases)
    assert said == [{"fatal": "ModuleNotFoundError: No module named 'prefect'"}]
