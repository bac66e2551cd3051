"""The program that reads flows by running their code, as another interpreter runs it."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.repo.entrypoint import Entrypoint
from flowlift.repo.flows import read_flows
from tests.parts.flow_reading import write

pytest.importorskip("prefect")
pytestmark = pytest.mark.real


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
