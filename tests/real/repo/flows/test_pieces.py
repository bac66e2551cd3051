"""Flows of modules whose import fails, put together statement by statement by a real Prefect."""

from __future__ import annotations

import pytest

from flowlift.errors import Position
from tests.parts.flow_reading import read, write

pytest.importorskip("prefect")
pytestmark = pytest.mark.real


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
