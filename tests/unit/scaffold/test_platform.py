from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import tomli
import yaml
from packaging.utils import is_normalized_name

from flowlift.config import Environment, Settings, Verify, load
from flowlift.errors import ConfigError, InputError
from flowlift.scaffold import ScaffoldFiles, pool_name, write_platform

REMOTE = "https://git.example.com/acme/platform.git"

EVERYTHING = {
    ".gitignore",
    "README.md",
    "etc/docker/Dockerfile",
    "etc/helm_values/prefect-worker/values-dev.yaml",
    "etc/helm_values/prefect-worker/values-prod.yaml",
    "prefect.yaml",
    "pyproject.toml",
    "src/flows/ingest.py",
    "src/flows/report.py",
    "src/shared/readings.py",
}

HOSTILE = [
    "plain",
    'it\'s "quoted" \\ here',
    "- list: [a, b] # not a comment",
    "{braces} & *alias !tag %x @y `z`",
    "yes",
    "1e3",
    "null",
    "$HOME ${HOME} @@yaml_name $$",
    "<script>alert(1)</script> | [x](y)",
    "Wetterdienst Köln 天気 🌦",
    "'",
    '"',
    "- ",
    "? a",
    "trailing:",
    "prefect",
]


def _write(root: Path, **changed: Any) -> ScaffoldFiles:
    given_ = {"name": "acme", "remote_url": REMOTE, "default_branch": "main"} | changed
    return write_platform(root, **given_)


def _yaml(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def _toml(file: Path) -> dict[str, Any]:
    return tomli.loads(file.read_text(encoding="utf-8"))


def test_an_empty_folder_gets_everything(tmp_path: Path):
    written = _write(tmp_path)
    assert set(written.created) == EVERYTHING
    assert written.kept == []
    files = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert files == EVERYTHING


def test_a_second_time_changes_nothing(tmp_path: Path):
    _write(tmp_path)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    written = _write(tmp_path, name="another", remote_url=None, default_branch="trunk")
    assert written.created == []
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_the_manifest_has_three_scheduled_deployments_and_clones_the_remote(tmp_path: Path):
    _write(tmp_path, default_branch="trunk")
    manifest = _yaml(tmp_path / "prefect.yaml")
    clone = manifest["pull"][0]["prefect.deployments.steps.git_clone"]
    assert clone == {"repository": REMOTE, "branch": "trunk"}
    deployments = manifest["deployments"]
    assert [d["name"] for d in deployments] == ["hourly", "daily", "weekly"]
    for deployment in deployments:
        assert deployment["work_pool"] == {"name": pool_name("acme")}
        assert deployment["schedules"][0]["cron"]
        file, _, flow = deployment["entrypoint"].partition(":")
        assert f"def {flow}(" in (tmp_path / file).read_text()


def test_the_configuration_is_read_and_switches_schedules_on_in_prod(tmp_path: Path):
    _write(tmp_path, default_branch="trunk")
    loaded = load(tmp_path)
    assert loaded.file == "pyproject.toml"
    assert loaded.settings.default_branch == "trunk"
    assert loaded.settings.environment("dev") == Environment(
        ref="branch", schedules="off", triggers="off"
    )
    assert loaded.settings.environment("prod").schedules == "on"
    assert loaded.settings.verify == Verify()


@pytest.mark.parametrize("section", [Settings, Environment, Verify])
def test_the_configuration_shows_every_key(tmp_path: Path, section: type[Settings]):
    _write(tmp_path)
    text = (tmp_path / "pyproject.toml").read_text()
    for name in section.__struct_fields__:
        key = name.replace("_", "-")
        shown = rf"^(# )?({key} = .* # .+|\[tool\.flowlift\.([\w.]*\.)?{key}[.\]])"
        assert re.search(shown, text, re.MULTILINE), f"{key} is not shown with a comment"


def test_the_lines_behind_a_hash_are_sound_as_well(tmp_path: Path):
    _write(tmp_path)
    file = tmp_path / "pyproject.toml"
    text = re.sub(r"^# (?=\[|[\w\-\"/*.]+ = )", "", file.read_text(), flags=re.MULTILINE)
    # TOML wants a table once, and the commented keys of [tool.flowlift] precede other tables.
    file.write_text(text)
    settings = load(tmp_path).settings
    assert settings.repository == "acme/platform"
    assert settings.checks == {"undeclared-job-variable": "error"}
    assert settings.verify.parameters == {"report/*": {"days": 1}}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_comes_out_as_it_went_in(tmp_path: Path, name: str):
    _write(tmp_path, name=name)
    assert _yaml(tmp_path / "prefect.yaml")["name"] == name
    project = _toml(tmp_path / "pyproject.toml")["project"]
    assert project["description"] == name
    assert is_normalized_name(project["name"])
    assert project["name"] != "prefect"
    for environment in ("dev", "prod"):
        file = tmp_path / f"etc/helm_values/prefect-worker/values-{environment}.yaml"
        assert _yaml(file)["worker"]["config"]["workPool"] == pool_name(name)


@pytest.mark.parametrize(
    "url",
    [
        "git@git.example.com:acme/platform.git",
        "ssh://git@git.example.com:2222/acme/a b#c.git",
        "https://git.example.com/acme/it's: [x], *y & #z.git",
        '/srv/git/acme\'s "platform".git',
        "file:///srv/git/a%20b.git",
    ],
)
def test_an_address_comes_out_as_it_went_in(tmp_path: Path, url: str):
    _write(tmp_path, remote_url=url)
    step = _yaml(tmp_path / "prefect.yaml")["pull"][0]
    assert step["prefect.deployments.steps.git_clone"]["repository"] == url


@pytest.mark.parametrize("branch", ["feat/$(touch x)", '";rm', "'a'", "#1", "a@b", "true", "1.0"])
def test_a_branch_comes_out_as_it_went_in(tmp_path: Path, branch: str):
    _write(tmp_path, default_branch=branch)
    step = _yaml(tmp_path / "prefect.yaml")["pull"][0]
    assert step["prefect.deployments.steps.git_clone"]["branch"] == branch
    assert load(tmp_path).settings.default_branch == branch


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://x-access-token:s3cret@git.example.com/a.git", "https://git.example.com/a.git"),
        ("https://s3cret@git.example.com:8443/a.git", "https://git.example.com:8443/a.git"),
        ("ssh://git:s3cret@git.example.com/a.git", "ssh://git@git.example.com/a.git"),
    ],
)
def test_a_secret_in_the_address_is_not_written(tmp_path: Path, url: str, kept: str):
    _write(tmp_path, remote_url=url)
    step = _yaml(tmp_path / "prefect.yaml")["pull"][0]
    assert step["prefect.deployments.steps.git_clone"]["repository"] == kept
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or "s3cret" not in file.read_text()


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "two\nlines"},
        {"name": " "},
        {"name": "\ud800"},
        {"remote_url": "https://git.example.com/\x00"},
        {"remote_url": "https://git.example.com/{{ $TOKEN }}"},
        {"default_branch": "{{7*7}}"},
    ],
)
def test_what_no_file_can_hold_is_refused_before_anything_is_written(
    tmp_path: Path, changed: dict[str, str]
):
    with pytest.raises(InputError):
        _write(tmp_path, **changed)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_manifest_gets_no_examples(tmp_path: Path):
    (tmp_path / "prefect.yaml").write_text("deployments: []\n")
    written = _write(tmp_path)
    assert "prefect.yaml" in written.kept
    assert (tmp_path / "prefect.yaml").read_text() == "deployments: []\n"
    assert not (tmp_path / "src").exists()


def test_a_manifest_of_another_name_is_respected(tmp_path: Path):
    (tmp_path / "flowlift.toml").write_text('manifests = ["pipelines/*/prefect.yaml"]\n')
    manifest = tmp_path / "pipelines/a/prefect.yaml"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("deployments: []\n")
    written = _write(tmp_path)
    assert not (tmp_path / "prefect.yaml").exists()
    assert not (tmp_path / "src").exists()
    assert "pyproject.toml" in written.created
    assert load(tmp_path).file == "flowlift.toml"


@pytest.mark.parametrize(
    "before",
    [
        b'[project]\nname = "mine"\n',
        b'[project]\nname = "mine"',
        b'[project]\r\nname = "mine"\r\n\r\n[tool.ruff]\r\nline-length = 100\r\n',
        '# Köln\n[tool.poetry]\nname = "mine"\n\n[[tool.poetry.source]]\nname = "x"\n'.encode(),
        b"",
    ],
)
def test_a_table_is_added_and_every_byte_stays(tmp_path: Path, before: bytes):
    file = tmp_path / "pyproject.toml"
    file.write_bytes(before)
    file.chmod(0o640)
    written = _write(tmp_path)
    after = file.read_bytes()
    assert "pyproject.toml [tool.flowlift]" in written.created
    assert after.startswith(before)
    assert (b"\n" in after) and (b"\r\n" in before) == (b"\r\n" in after)
    assert b"\r\n" not in before or after.count(b"\r\n") == after.count(b"\n")
    assert load(tmp_path).settings.environment("prod").schedules == "on"
    assert file.stat().st_mode & 0o777 == 0o640
    assert not list(tmp_path.glob(".pyproject*"))


def test_a_table_that_is_there_is_kept(tmp_path: Path):
    before = '[tool.flowlift]\ndefault-branch = "trunk"\n'
    (tmp_path / "pyproject.toml").write_text(before)
    written = _write(tmp_path)
    assert "pyproject.toml" in written.kept
    assert (tmp_path / "pyproject.toml").read_text() == before


def test_a_project_file_that_no_table_can_be_added_to_gets_a_file_beside_it(tmp_path: Path):
    before = "tool = { ruff = { line-length = 100 } }\n"
    (tmp_path / "pyproject.toml").write_text(before)
    written = _write(tmp_path)
    assert "flowlift.toml" in written.created
    assert (tmp_path / "pyproject.toml").read_text() == before
    loaded = load(tmp_path)
    assert loaded.file == "flowlift.toml"
    assert loaded.settings.environment("prod").schedules == "on"


def test_a_broken_project_file_is_named_before_anything_is_written(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text("[project\n")
    with pytest.raises(ConfigError, match=r"pyproject\.toml:1"):
        _write(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["pyproject.toml"]


def test_a_file_in_the_place_of_a_folder_is_named_before_anything_is_written(tmp_path: Path):
    (tmp_path / "etc").write_text("mine")
    with pytest.raises(InputError, match="etc: "):
        _write(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["etc"]


def test_nothing_is_written_outside_of_the_repository(tmp_path: Path):
    root, outside = tmp_path / "platform", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "etc").symlink_to(outside)
    with pytest.raises(InputError, match="outside"):
        _write(root)
    assert list(outside.iterdir()) == []
    assert [file.name for file in root.iterdir()] == ["etc"]


def test_a_link_that_leads_nowhere_is_kept(tmp_path: Path):
    (tmp_path / "README.md").symlink_to("nowhere")
    written = _write(tmp_path)
    assert "README.md" in written.kept


def test_without_a_remote_the_place_for_it_is_plain_to_see(tmp_path: Path):
    _write(tmp_path, remote_url=None)
    step = _yaml(tmp_path / "prefect.yaml")["pull"][0]
    assert "REPLACE-ME" in step["prefect.deployments.steps.git_clone"]["repository"]


def test_the_job_template_uses_exactly_what_it_declares(tmp_path: Path):
    _write(tmp_path)
    values = _yaml(tmp_path / "etc/helm_values/prefect-worker/values-dev.yaml")
    text = values["worker"]["config"]["baseJobTemplate"]["configuration"]
    template = json.loads(text)
    used = set(re.findall(r"\{\{ (\w+) \}\}", json.dumps(template["job_configuration"])))
    assert used == set(template["variables"]["properties"])
    assert template["variables"]["properties"]["image"]["default"] == "DEFAULT_FLOW_IMAGE"
