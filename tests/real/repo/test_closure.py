"""The closure against Python itself: generated trees are really imported, and compared."""

from __future__ import annotations

import json
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
from tests.parts.random_trees import Tree

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
