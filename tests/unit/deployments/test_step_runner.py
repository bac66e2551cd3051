"""The script that runs build and push steps. A module stands in for Prefect."""

from __future__ import annotations

import ast
import io
import json
import runpy
import sys
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from flowlift.deployments.building import RUNNER


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the stand-in for Prefect was asked to run."""
    calls: list[Any] = []

    async def run_steps(steps: Any, upstream: Any) -> Any:
        calls.append((steps, upstream))
        return {"image": {"tag": "flows:1", "built": date(2026, 1, 1)}}

    core = ModuleType("prefect.deployments.steps.core")
    core.run_steps = run_steps  # type: ignore[attr-defined]
    for name in ("prefect", "prefect.deployments", "prefect.deployments.steps"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, core.__name__, core)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return calls


def test_steps_come_in_and_what_they_put_out_is_the_answer(
    asked: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    steps = [{"my.steps.image": {"id": "image"}}]
    answer = tmp_path / "outputs.json"
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(steps)))
    monkeypatch.setattr(sys, "argv", [str(RUNNER), str(answer)])
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(RUNNER), run_name="__main__")
    assert asked == [(steps, {})]
    # What JSON has no form for is given as text.
    assert json.loads(answer.read_text()) == {"image": {"tag": "flows:1", "built": "2026-01-01"}}
    assert sys.path[0] == str(tmp_path)


def test_it_imports_nothing_of_flowlift_which_the_interpreter_need_not_have():
    modules = {
        str(node.module) if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(ast.parse(RUNNER.read_text()))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    foreign = {name for name in modules if name.split(".")[0] not in sys.stdlib_module_names}
    assert foreign == {"prefect.deployments.steps.core"}
