"""Where the configuration is read from, at which line a mistake is shown, and its schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import tomli

from flowlift.config import Settings, load, read_settings, schema
from flowlift.errors import ConfigError, Position
from flowlift.scaffold import write_platform
from tests.parts.root import ROOT

PUBLISHED = ROOT / "docs/config.schema.json"
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


def refusal(root: Path, text: str | bytes, file: str = "pyproject.toml") -> ConfigError:
    (root / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as refused:
        load(root)
    return refused.value


def test_a_repository_that_says_nothing_has_the_defaults(tmp_path: Path):
    loaded = load(tmp_path)
    assert (loaded.settings, loaded.file) == (Settings(), None)
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\nline-length = 100\n")
    assert load(tmp_path) == loaded


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pyproject.toml", "[tool.flowlift]\nsources = ['größe']\n"),
        ("flowlift.toml", "sources = ['größe']\n"),
    ],
)
def test_either_file_may_hold_it(tmp_path: Path, file: str, text: str):
    (tmp_path / file).write_text(text, encoding="utf-8")
    loaded = load(tmp_path)
    assert (loaded.settings.sources, loaded.file) == (("größe",), file)


def test_both_files_at_once_are_refused_as_one_would_be_ignored(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text("[tool.flowlift]\n")
    refused = refusal(tmp_path, "", "flowlift.toml")
    assert "both exist" in refused.message
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    assert load(tmp_path).file == "flowlift.toml"


def test_what_is_no_toml_is_refused_at_its_line(tmp_path: Path):
    refused = refusal(tmp_path, "[tool.flowlift]\nmanifests = [\n'a'\nx\n")
    assert refused.message.startswith("This is not TOML: ")
    assert refused.at == Position("pyproject.toml", 4)
    assert refusal(tmp_path, b"name = '\xff'").at == Position("pyproject.toml")


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("tool = 3\n", "tool: a table is expected.", 1),
        ("\n[[tool]]\n", "tool: a table is expected.", 2),
        ("[tool]\nflowlift = 'x'\n", "tool.flowlift: a table is expected.", 2),
        ("[[tool.flowlift]]\nsources = ['a']\n", "tool.flowlift: a table is expected.", 1),
    ],
)
def test_what_is_no_table_of_configuration_is_refused(
    tmp_path: Path, text: str, message: str, line: int
):
    refused = refusal(tmp_path, text)
    assert (refused.message, refused.at) == (message, Position("pyproject.toml", line))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[tool.flowlift]\nmanifest = []\n", 2),
        ("[tool.flowlift.env.dev]\nref = 'branch'\nprunes = true\n", 3),
        ("[tool.flowlift.env.image]\nshedules = 'on'\n", 2),
        ("[tool.flowlift.env.dev.overrides.'a/*']\nwork_pol = {}\n", 2),
        ("[tool.flowlift]\nverify.timeouts = 5\n", 2),
        ("[tool.flowlift.worker]\nname-space = 'prefect'\n", 2),
        ("[tool.flowlift.worker.host]\nk3 = 'v1'\n", 2),
        ("[[tool.flowlift.worker]]\n[[tool.flowlift.worker]]\nrelese = 'x'\n", 3),
        ("[other]\nmanifest = []\n\n[tool.flowlift]\n\nmanifest = []\n", 6),
    ],
)
def test_an_unknown_key_is_shown_at_its_line(tmp_path: Path, text: str, line: int):
    assert refusal(tmp_path, text).at == Position("pyproject.toml", line)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[env.dev]\nprune = 'x'\n", 2),
        ("\n[env.Dev]\n", 2),
        ("env = 3\n", 1),
        ("[verify]\n\ntimeout = 0\n", 3),
        ("[image]\n", 1),
        ("[image]\nname = 'ghcr.io/a/b'\nplatforms = ['arm']\n", 3),
        ("[ci]\nsecrets = ['A']\nvariables = ['GITHUB_X']\n", 3),
        ("[ci]\nrunners = { dev = '${{ x }}' }\n", 2),
        ("[worker]\nrelease = 'a'\nsecrets = [{ name = 'a', key = 3 }]\n", 3),
    ],
)
def test_a_wrong_value_is_shown_at_its_line(tmp_path: Path, text: str, line: int):
    assert refusal(tmp_path, text, "flowlift.toml").at == Position("flowlift.toml", line)


def test_a_wrong_value_in_a_list_is_shown_at_the_nearest_line(tmp_path: Path):
    refused = refusal(tmp_path, WORKERS)
    assert "a secret has key and from-env" in refused.message
    assert refused.at == Position("pyproject.toml", 10)


def test_one_worker_is_a_list_of_one():
    assert [w.release for w in read_settings({"worker": {"release": "edp"}}).worker] == ["edp"]
    two = read_settings({"worker": [{"release": "a"}, {"release": "b"}]}).worker
    assert [worker.release for worker in two] == ["a", "b"]


def test_the_published_schema_is_current():
    current = json.loads(json.dumps(schema()))
    assert json.loads(PUBLISHED.read_text()) == current, "run `make schema`"


def test_the_schema_accepts_what_init_writes_and_refuses_an_unknown_key(tmp_path: Path):
    write_platform(tmp_path, name="acme", remote_url=None, default_branch="main")
    written = tomli.loads((tmp_path / "pyproject.toml").read_text())["tool"]["flowlift"]
    published = json.loads(PUBLISHED.read_text())
    jsonschema.validate(written, published)
    alone = written | {"worker": {"release": "edp"}}
    jsonschema.validate(alone, published)
    jsonschema.validate(alone | {"worker": [alone["worker"]]}, published)
    with pytest.raises(jsonschema.ValidationError, match="manifest"):
        jsonschema.validate(written | {"manifest": []}, published)
