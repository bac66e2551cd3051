"""Mistakes in the configuration, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlift.config import load
from flowlift.errors import ConfigError

WORKERS = """
[tool.flowlift]
sources = ["src"]

[[tool.flowlift.worker]]
release = "one"

[[tool.flowlift.worker]]
release = "two"
secrets = [
    { name = "login", registry = "ghcr.io" },
]
"""


def _refusal(root: Path, text: str, file: str = "pyproject.toml") -> ConfigError:
    (root / file).write_text(text)
    with pytest.raises(ConfigError) as refused:
        load(root)
    return refused.value


@pytest.mark.parametrize(
    ("text", "known", "line"),
    [
        ("[tool.flowlift]\nmanifest = []\n", "manifests", 2),
        ("[tool.flowlift.env.dev]\nref = 'branch'\nprunes = true\n", "prune", 3),
        ("[tool.flowlift.env.image]\nshedules = 'on'\n", "schedules", 2),
        (
            "[tool.flowlift.env.dev.overrides.'a/*']\nwork_pol = {}\n",
            "work_pool",
            2,
        ),
        ("[tool.flowlift]\nverify.timeouts = 5\n", "timeout", 2),
        ("[tool.flowlift.worker]\nname-space = 'prefect'\n", "namespace", 2),
        ("[tool.flowlift.worker.host]\nk3 = 'v1'\n", "k3s", 2),
        ("[[tool.flowlift.worker]]\n[[tool.flowlift.worker]]\nrelese = 'x'\n", "release", 3),
    ],
)
def test_an_unknown_key_names_the_nearest_one_and_its_line(
    tmp_path: Path, text: str, known: str, line: int
):
    refused = _refusal(tmp_path, text)
    assert f"is {known!r} meant?" in refused.message
    assert refused.at is not None
    assert refused.at.line == line


def test_a_wrong_value_in_a_list_is_found_at_the_nearest_line(tmp_path: Path):
    refused = _refusal(tmp_path, WORKERS)
    assert "a secret has key and from-env" in refused.message
    assert refused.at is not None
    assert (refused.at.file, refused.at.line) == ("pyproject.toml", 10)


def test_one_worker_is_a_list_of_one(tmp_path: Path):
    (tmp_path / "flowlift.toml").write_text("[worker]\nrelease = 'edp'\n")
    assert [worker.release for worker in load(tmp_path).settings.worker] == ["edp"]
