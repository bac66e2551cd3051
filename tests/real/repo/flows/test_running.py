"""Flows that are read by running their code, by an interpreter that has Prefect: whatever that
code does, the others are read, and nothing leaks into it or out of it."""

from __future__ import annotations

import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from flowlift.errors import Position
from flowlift.repo.entrypoint import Entrypoint
from flowlift.repo.flows import read_flows, reading, running

pytest.importorskip("prefect")
pytestmark = pytest.mark.real

PLAIN = "from prefect import flow\n@flow\ndef f(x: int = len('abc')): ...\n"


def write(root: Path, files: dict[str, str]) -> None:
    for path, source in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(source))


def read(root: Path, *texts: str, **options: Any) -> list[Any]:
    found = read_flows(root, [Entrypoint(text) for text in texts], **options)
    return [found[Entrypoint(text)] for text in texts]


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


def test_each_entrypoint_sees_its_own_folder(tmp_path):
    for team, number in (("one", 1), ("two", 2)):
        write(
            tmp_path,
            {
                f"{team}/flows/helper.py": f"NUMBER = {number}\n",
                f"{team}/flows/a.py": "from prefect import flow\nfrom helper import NUMBER\n"
                "import os\n@flow\ndef f(n: int = NUMBER, here: str = os.getcwd()): ...\n",
                f"{team}/src/pkg/jobs.py": "from prefect import flow\nimport common\n"
                "@flow\ndef f(n: int = common.N + 0 * len('')): ...\n",
                f"{team}/common.py": f"N = {number * 10}\n",
            },
        )
    wanted = [
        Entrypoint(text, team)
        for text in ("flows/a.py:f", "pkg.jobs:f")
        for team in ("one", "two", "one")
    ]
    found: dict[Entrypoint, Any] = {**read_flows(tmp_path, wanted)}
    said = {
        (one.root, one.text): {k: v["default"] for k, v in found[one].schema["properties"].items()}
        for one in wanted
    }
    assert said == {
        ("one", "flows/a.py:f"): {"n": 1, "here": str(tmp_path / "one")},
        ("two", "flows/a.py:f"): {"n": 2, "here": str(tmp_path / "two")},
        ("one", "pkg.jobs:f"): {"n": 10},
        ("two", "pkg.jobs:f"): {"n": 20},
    }


def test_what_is_missing_is_left_out_and_said_by_its_name(tmp_path):
    write(
        tmp_path,
        {
            "lib/__init__.py": "",
            "lib/models.py": "import dataclasses as d\n@d.dataclass\nclass Job:\n    n: int\n",
            "lib/jobs.py": """
            from __future__ import annotations
            import not_installed_frames as nf
            from not_installed_audit import audited, LIMIT
            from prefect import flow
            from .models import Job

            @flow(name="jobs", description=nf.TEXT)
            @audited
            def f(job: Job, frame: nf.Frame, limit: int = LIMIT, frames: list[nf.Frame] = ()):
                '''Do it.'''

            class Group:
                @flow
                def g(self, job: "Job", frame: "nf.Frame"): ...

            @flow(name=nf.NAME)
            def unnamed(): ...

            @nf.job
            def unknown(): ...
            """,
        },
    )
    names = [
        "lib.jobs:f",
        "lib/jobs.py:f",
        "lib.jobs:Group.g",
        "lib.jobs:unnamed",
        "lib.jobs:unknown",
    ]
    module, script, method, unnamed, unknown = read(tmp_path, *names)
    assert module == script
    assert (module.name, module.description, module.at) == (
        "jobs",
        "Do it.",
        Position("lib/jobs.py", 10),
    )
    assert module.schema["properties"]["job"]["$ref"] == "#/definitions/Job"
    assert module.schema["properties"]["limit"]["default"] is None
    assert list(module.schema["properties"]["frame"]) == ["position", "title"]
    frames, audit = "not_installed_frames is not installed here", "not_installed_audit is not"
    assert [sentence.partition(" could not be read: ")[0] for sentence in module.unread] == [
        "description: `nf.TEXT`",
        "decorator `@audited`",
        "parameter `frame`: `nf.Frame`",
        "parameter `frames`: `list[nf.Frame]`",
        "parameter `limit`: default `LIMIT`",
    ]
    assert all(frames in sentence or audit in sentence for sentence in module.unread)
    assert method.schema["properties"]["job"]["$ref"] == "#/definitions/Job"
    assert [s.partition(":")[0] for s in method.unread] == ["parameter `frame`"]
    assert (unnamed.kind, unnamed.at) == ("malformed", Position("lib/jobs.py", 18))
    assert frames in unnamed.message
    assert "`python` in [tool.flowlift]" in unnamed.remedy
    assert (unknown.kind, unknown.at.line) == ("not-a-flow", 21)


def test_what_prefect_refuses_is_refused_with_its_reason(tmp_path):
    refused = {
        "a.py": "@flow(nmae='x')\ndef f(x: int): ...\n",
        "b.py": "@flow\ndef f(model_dump: int): ...\n",
        "c.py": "@flow(name=f)\ndef f(x: int): ...\n",
        "d.py": "N = '/'.join('ab')\n@flow(name=N)\ndef f(x: int): ...\n",
        "e.py": "f = print\n",
        "g.py": "from beside import nothing\nglobals()\n",
        "h.py": "import beside\nbeside.nothing\n@flow\ndef f(x: int = len('a')): ...\n",
    }
    write(tmp_path, {name: "from prefect import flow\n" + text for name, text in refused.items()})
    write(tmp_path, {"beside.py": ""})
    found = dict(zip(refused, read(tmp_path, *(f"{name}:f" for name in refused)), strict=True))
    assert {name: getattr(one, "kind", "read") for name, one in found.items()} == {
        "a.py": "not-a-flow",
        "b.py": "malformed",
        "c.py": "malformed",
        "d.py": "malformed",
        "e.py": "not-a-flow",
        "g.py": "missing-function",
        "h.py": "read",
    }
    assert "nmae" in found["a.py"].message
    assert "validate_parameters" in found["b.py"].message
    assert "'a/b'" in found["d.py"].message
    assert all(one.at.file == name for name, one in found.items())


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
