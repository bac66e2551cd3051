"""Mistakes in the configuration, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlift.config import load
from flowlift.errors import ConfigError

LOGIN = "chart-username-from-env = 'U'\nchart-password-from-env = 'P'\n"
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


@pytest.mark.parametrize(
    ("text", "said", "line"),
    [
        ("[env.dev]\nprune = 'x'\n", "env.dev.prune: true or false is expected.", 2),
        ("[env.dev]\nref = 'x'\n", "env.dev.ref: 'branch' or 'default' is expected.", 2),
        ("\n[env.Dev]\n", "env.Dev: an environment is named in lower case letters", 2),
        ("env = 3\n", "env: a table is expected.", 1),
        ("manifests = 'a'\n", "manifests: a list is expected.", 1),
        ("[verify]\n\ntimeout = 0\n", "verify.timeout: expected a number > 0.0.", 3),
        ("[checks]\nx = 'info'\n", "checks.x: 'error' or 'warning' or 'off' is expected.", 2),
        ("[image]\n", "image: it lacks the key `name`.", 1),
        ("[image]\nname = 'A'\n", "image.name: a repository in a registry is HOST/PATH", 2),
        (
            "[image]\nname = 'ghcr.io/a/b'\nrelease-name = 'A'\n",
            "image.release-name: a repository in a registry is HOST/PATH",
            3,
        ),
        (
            "[image]\nname = 'ghcr.io/a/b'\nplatforms = ['arm']\n",
            "image.platforms: a platform looks like linux/amd64: 'arm' does not.",
            3,
        ),
        (
            "[image]\nname = 'ghcr.io/a/b'\nversion-pattern = '('\n",
            "image.version-pattern: no regular expression",
            3,
        ),
        (
            "[image]\nname = 'ghcr.io/a/b'\nsbom = 3\n",
            "image.sbom: true or false or a text is expected.",
            3,
        ),
        (
            "[env.dev.overrides.'a/*']\nconcurrency_limit = 'x'\n",
            "env.dev.overrides.a/*.concurrency_limit: a whole number or a table is expected.",
            2,
        ),
        (
            "[ci]\nsecrets = ['A']\nvariables = ['GITHUB_X']\n",
            "ci.variables: no variable of yours can be called 'GITHUB_X'.",
            3,
        ),
        (
            "[ci]\nrunners = { dev = '${{ x }}' }\n",
            "ci.runners.dev: '${{ x }}' is empty, or a forge would read it",
            2,
        ),
        (
            "[worker]\nrelease = 'a'\nsecrets = [{ name = 'a', key = 3 }]\n",
            "worker.0.secrets.0.key: a text is expected.",
            3,
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_line(tmp_path: Path, text: str, said: str, line: int):
    refused = _refusal(tmp_path, text, "flowlift.toml")
    assert refused.message.startswith(said)
    assert refused.at is not None
    assert refused.at.line == line


def test_one_worker_is_a_list_of_one(tmp_path: Path):
    (tmp_path / "flowlift.toml").write_text("[worker]\nrelease = 'edp'\n")
    assert [worker.release for worker in load(tmp_path).settings.worker] == ["edp"]


@pytest.mark.parametrize(
    ("worker", "why"),
    [
        ("chart-username-from-env = 'U'\n", "a login to the chart has chart-username-from-env and"),
        (f"{LOGIN}repository = 'https://charts.acme.example'\n", "needs its `version`"),
        (f"{LOGIN}version = '1.0.0'\nchart = 'charts/w'\n", "needs a `repository`, or a chart of"),
    ],
)
def test_a_login_to_the_chart_is_whole_or_refused(tmp_path: Path, worker: str, why: str):
    assert why in _refusal(tmp_path, f"[tool.flowlift.worker]\n{worker}").message


def test_a_login_to_the_chart_names_its_variables(tmp_path: Path):
    text = f"[worker]\n{LOGIN}version = '1.0.0'\nchart = 'oci://ghcr.io/acme/prefect-worker'\n"
    (tmp_path / "flowlift.toml").write_text(text)
    assert load(tmp_path).settings.worker[0].chart_login == ("U", "P")
