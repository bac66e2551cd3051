"""Flows that are read by running their code, by an interpreter that has Prefect: whatever that
code does, the others are read, and nothing leaks into it or out of it."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

from flowlift.repo.flows import reading, running
from tests.parts.flow_reading import PLAIN, read, write

pytest.importorskip("prefect")
pytestmark = pytest.mark.real


def test_code_that_exits_crashes_prints_or_hangs_leaves_the_others_readable(tmp_path, monkeypatch):
    monkeypatch.setattr(
        reading, "run", lambda *a, **k: running.run(*a, **k, limits=running.Limits(120, 8, 300))
    )
    write(
        tmp_path,
        {
            "first.py": PLAIN,
            "exits.py": "import sys\nsys.exit(3)\n" + PLAIN,
            "raises.py": "raise KeyboardInterrupt\n" + PLAIN,
            "prints.py": "import os, sys\nprint('{}')\nsys.stdout.flush()\nos.write(1, b'{}\\n')\n"
            + PLAIN,
            "crashes.py": "import os\nos._exit(4)\n" + PLAIN.replace("len('abc')", "3"),
            "crashes_too.py": "import os\nos.abort()\n" + PLAIN,
            "hangs.py": "import time\ntime.sleep(600)\n" + PLAIN,
            "threads.py": "import threading, time\n"
            "threading.Thread(target=time.sleep, args=(600,)).start()\n" + PLAIN,
            "moves.py": "import os, sys\nos.chdir('/')\nsys.path.clear()\nsys.argv.clear()\n"
            + PLAIN,
            "closes.py": "import os\nos.close(0)\nos.close(1)\nos.close(2)\n" + PLAIN,
            "last.py": PLAIN,
        },
    )
    names = [file.name for file in tmp_path.glob("*.py")]
    started = time.monotonic()
    found = dict(zip(names, read(tmp_path, *(f"{name}:f" for name in names)), strict=True))
    assert time.monotonic() - started < 280
    lost = {name: flow for name, flow in found.items() if flow.unread}
    assert set(lost) == {"crashes_too.py", "hangs.py"}
    assert "ended the interpreter with code -6" in lost["crashes_too.py"].unread[-1]
    assert "took longer than 8 s" in lost["hangs.py"].unread[-1]
    assert all(flow.name == "f" for flow in found.values())
    assert {
        flow.schema["properties"]["x"]["default"]
        for name, flow in found.items()
        if name not in lost
    } == {3}
    # The source tells all of this one, so that it need not be run at all.
    assert found["crashes.py"].unread == ()


def test_no_secret_and_no_login_reaches_the_code(tmp_path, monkeypatch):
    for name in ("PREFECT_API_KEY", "FLOWLIFT_PROD_API_KEY", "GITHUB_TOKEN", "MY_SECRET"):
        monkeypatch.setenv(name, "geheim")
    monkeypatch.setenv("TEAM_OF_THE_FLOW", "north")
    write(
        tmp_path,
        {
            "a.py": """
            import os
            from prefect import flow
            from prefect.settings import get_current_settings
            ASKED = [os.getenv("PREFECT_API_KEY"), os.environ.get("MY_SECRET")]
            ASKED += [os.getenv("GITHUB_TOKEN")]
            TEAM = os.environ["TEAM_OF_THE_FLOW"]
            SEEN = [name for name, value in os.environ.items() if "geheim" in value]
            SETTINGS = get_current_settings()
            @flow(name="-".join([TEAM, "flow"]))
            def f(asked: list = ASKED, seen: list = SEEN, api: str = SETTINGS.api.url,
                  home: str = str(SETTINGS.home)): ...
            """
        },
    )
    (flow,) = read(tmp_path, "a.py:f")
    said = {name: entry["default"] for name, entry in flow.schema["properties"].items()}
    assert flow.name == "north-flow"
    assert (said["asked"], said["seen"], said["api"]) == ([None, None, None], [], None)
    assert not Path(said["home"]).exists()
    assert not list(tmp_path.rglob("__pycache__"))


def test_answers_are_kept_with_every_file_that_took_part(tmp_path, monkeypatch):
    root = tmp_path / "repo"
    write(
        root,
        {
            "a.py": "from prefect import flow\nfrom lib.deep import N\n"
            "@flow\ndef f(n: int = N): ...\n",
            "lib/__init__.py": "",
            "lib/deep.py": "import json, pathlib\n"
            "N = json.loads(pathlib.Path('lib/n.json').read_text())\n",
            "lib/n.json": "1",
        },
    )
    count: list[Any] = []

    def run(*arguments: Any, **options: Any) -> Any:
        count.append(arguments)
        return running.run(*arguments, **options)

    monkeypatch.setattr(reading, "run", run)

    def default() -> Any:
        (flow,) = read(root, "a.py:f", cache=tmp_path / "cache")
        return flow.schema["properties"]["n"]["default"]

    assert [default(), default(), len(count)] == [1, 1, 1]
    (root / "lib" / "n.json").write_text("2")
    assert [default(), default(), len(count)] == [2, 2, 2]
    assert sorted(path.name for path in root.rglob("*") if path.is_file()) == [
        "__init__.py",
        "a.py",
        "deep.py",
        "n.json",
    ]


def test_an_interpreter_without_prefect_leaves_what_the_source_tells(tmp_path):
    write(
        tmp_path, {"a.py": PLAIN, "bare/python": f'#!/bin/sh\nexec {sys.executable} -S -E "$@"\n'}
    )
    (tmp_path / "bare" / "python").chmod(0o755)
    (flow,) = read(tmp_path, "a.py:f", python="bare/python")
    assert (flow.name, flow.schema["properties"]["x"]["type"]) == ("f", "integer")
    assert flow.unread == (
        "parameter `x`: default `len('abc')` could not be read: `len` has to be called",
        f"{tmp_path}/bare/python cannot import Prefect (ended the interpreter with code 1)",
    )
