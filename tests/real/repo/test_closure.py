"""The closure against Python itself: generated trees are really imported, and compared."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlift.repo.changed import Changed
from flowlift.repo.closure import MOST_CHAINS, reached
from flowlift.repo.entrypoint import Entrypoint
from tests.parts import loader, trees

pytestmark = pytest.mark.real

Load = Callable[[dict[str, Any]], list[str]]


@pytest.fixture(scope="module")
def load() -> Iterator[Load]:
    process = subprocess.Popen(
        [sys.executable, "-B", "-s", loader.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    requests, answers = process.stdin, process.stdout

    def ask(request: dict[str, Any]) -> list[str]:
        requests.write(json.dumps(request) + "\n")
        requests.flush()
        answer = json.loads(answers.readline())
        assert isinstance(answer, list), answer
        return answer

    yield ask
    requests.close()
    process.wait(timeout=10)
    answers.close()


class Tree:
    """A random tree of packages below `src`, and scripts with modules beside them.

    With `certain`, every import is one that runs, no name means two things, and files import only
    those that were made before them: within a circle Python may give up half-way.
    """

    def __init__(self, seed: int, *, certain: bool) -> None:
        self.random = random.Random(seed)  # noqa: S311 (no secret)
        self.certain = certain
        self.modules: list[str] = []
        self.files: dict[str, str] = {}
        for number in range(self.random.randint(1, 3)):
            self._package("src/", f"p{number}", 0)
        self.scripts = ["jobs/daily/flow.py", "jobs/daily/side.py"]
        if self.random.random() < 0.5:
            self._package("jobs/daily/", "local", 1)
        if not certain and self.random.random() < 0.5:
            self.files["jobs/daily/p0.py"] = ""
        if self.random.random() < 0.3:
            self.files["top.py"] = ""
        for path in [*self.files, *self.scripts]:
            count = self.random.randint(0, 4)
            self.files[path] = "".join(self._import(path) for _ in range(count))

    def _package(self, folder: str, name: str, depth: int) -> None:
        here = f"{folder}{name}/"
        if self.random.random() < 0.75:
            self.files[f"{here}__init__.py"] = ""
        # What a package imports hides its own module of that name from `from package import`.
        unique = len(self.files) if self.certain else ""
        for number in range(self.random.randint(1, 3)):
            self.files[f"{here}m{unique}{number}.py"] = ""
        if depth < 2 and self.random.random() < 0.6:
            self._package(here, f"q{unique}{depth}", depth + 1)

    def _import(self, path: str) -> str:
        files = list(self.files)
        known = files[: files.index(path)] if self.certain and path in files else files
        target = self.random.choice([*known, "src/p0/missing.py"])
        name = target.removesuffix(".py").removesuffix("/__init__")
        for root in ("src/", "jobs/daily/"):
            name = name.removeprefix(root)
        parts = name.split("/")
        dotted, last, package = ".".join(parts), parts[-1], ".".join(parts[:-1])
        forms = [f"import {dotted}", f"import {dotted} as x, os", f"from {dotted} import nothing"]
        forms.append(f"import importlib; importlib.import_module('{dotted}')")
        if package:
            forms += [f"from {package} import {last}", f"from {package} import (nothing,\n {last})"]
        folder = path.split("/")[:-1]
        if self.certain and package and target.split("/")[:-1] == folder:
            forms += [f"from . import {last}", f"from .{last} import nothing"]
            if len(parts) > 2:
                forms += [f"from ..{parts[-2]} import {last}"]
        elif not self.certain:
            dots = "." * self.random.randint(1, 3)
            near = self.random.choice(["m0", "m1", "q0", "q0.m0", "side"])
            forms += [f"from {dots}{near} import nothing", f"from {dots} import m0"]
        form = self.random.choice(forms)
        block = form.replace("\n", "\n ")
        wrapped = [f"try:\n {block}\nexcept ImportError:\n pass\n"]
        if not self.certain:
            wrapped += [
                f"def late():\n {block}\n",
                f"if x_is_unset := False:\n {block}\n",
                f"TYPE_CHECKING = False\nif TYPE_CHECKING:\n {block}\n",
            ]
        return self.random.choice(wrapped)


def compare(seed: int, load: Load, root: Path, *, certain: bool) -> tuple[set[str], set[str]]:
    """What is really loaded, and what is reached, for one entrypoint of a random tree."""
    tree = Tree(seed, certain=certain)
    trees.write(root, tree.files)
    if tree.random.random() < 0.6:
        target = {"script": "jobs/daily/flow.py"}
        entry = Entrypoint("jobs/daily/flow.py:f")
    else:
        path = tree.random.choice([path for path in tree.files if path.startswith("src/")])
        name = path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__")
        target = {"module": name.replace("/", ".")}
        entry = Entrypoint(f"{target['module']}:f")
    real = load({"root": str(root), "cwd": "", "path": ["src"], **target})
    files, ours = list(tree.files), set[str]()
    for start in range(0, len(files), MOST_CHAINS):
        changed = Changed(modified=frozenset(files[start : start + MOST_CHAINS]))
        for reason in reached(root, files, [entry], changed, ["src"]).get(entry, []):
            if reason.kind == "source":
                ours.add(reason.detail.split(" -> ")[0])
    return set(real), ours


@settings(max_examples=25)
@given(seed=st.integers(0, 10**9))
def test_whatever_is_loaded_is_reached(
    seed: int, load: Load, tmp_path_factory: pytest.TempPathFactory
):
    real, ours = compare(seed, load, tmp_path_factory.mktemp("tree"), certain=False)
    assert real - ours == set()


@settings(max_examples=25)
@given(seed=st.integers(0, 10**9))
def test_nothing_else_is_reached_where_every_import_runs(
    seed: int, load: Load, tmp_path_factory: pytest.TempPathFactory
):
    real, ours = compare(seed, load, tmp_path_factory.mktemp("tree"), certain=True)
    assert real == ours
