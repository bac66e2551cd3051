"""The workflows' files of a repository: which paths start them, and whether they fit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from flowlift.errors import InputError
from flowlift.project.project import Project, open_project
from flowlift.repo.globs import Matcher
from flowlift.scaffold.ci.files import check, texts, write
from flowlift.scaffold.ci.inputs import read_inputs
from tests.parts.trees import git
from tests.parts.trees import write as write_files

pytestmark = pytest.mark.real

MANIFEST = """\
pull:
  - prefect.deployments.steps.run_shell_script:
      script: bash ops/tools/clone.sh --data "etc/tables"
deployments:
  - name: a
    entrypoint: jobs/daily/a.py:a
  - name: b
    entrypoint: src/flows/b.py:b
"""
FILES = {
    "prefect.yaml": MANIFEST,
    "jobs/daily/a.py": "",
    "jobs/daily/a.sql": "",
    "src/flows/b.py": "",
    "lib/shared.py": "",
    "ops/tools/clone.sh": "",
    "etc/tables/x.csv": "",
    "requirements.txt": "",
    "docs/more.md": "",
    "README.md": "",
    "infra/main.tf": "",
}
IMAGE = """\
[tool.flowlift.image]
name = "ghcr.io/acme/flows"
"""
DOCKERFILE = "FROM python:3.12\nCOPY pyproject.toml ./\nCOPY etc/odbc /etc/odbc\n"


def project(root: Path, files: Mapping[str, str] = FILES, config: str = "") -> Project:
    extra = {"pyproject.toml": config} if config else {}
    write_files(root, {**files, **extra})
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=begin")
    return open_project(root, {})


def test_deployments_start_on_what_a_flow_could_read_and_on_no_more(tmp_path: Path) -> None:
    starts = Matcher(read_inputs(project(tmp_path))["deployments"])
    assert {path for path in FILES if not starts.matches(path)} == {
        "README.md",
        "docs/more.md",
        "infra/main.tf",
    }
    assert starts.matches("lib/new.py")
    assert starts.matches("uv.lock")


def test_the_image_starts_on_what_its_dockerfile_copies(tmp_path: Path) -> None:
    files = FILES | {"etc/docker/Dockerfile": DOCKERFILE, "etc/odbc/odbc.ini": ""}
    inputs = read_inputs(project(tmp_path, files, IMAGE))["image"]
    starts = Matcher(inputs)
    assert starts.matches("etc/odbc/odbc.ini")
    assert starts.matches("etc/docker/Dockerfile")
    assert starts.matches("uv.lock")
    assert not starts.matches("src/flows/b.py")
    assert "pyproject.toml/**" not in inputs


def test_the_worker_starts_on_its_values(tmp_path: Path) -> None:
    config = '[tool.flowlift.worker]\nvalues = "etc/worker [{env}].yaml"\n'
    inputs = read_inputs(project(tmp_path, config=config))
    starts = Matcher(inputs["worker"])
    assert starts.matches("etc/worker [dev].yaml")
    assert starts.matches("pyproject.toml")
    assert not starts.matches("etc/worker d.yaml")


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_what_is_written_fits_and_a_changed_configuration_does_not(
    tmp_path: Path, forge: str
) -> None:
    made = project(tmp_path)
    assert {entry.how for entry in write(made, forge)} == {"created"}  # type: ignore[arg-type]
    assert not any(check(made).values())
    assert {entry.how for entry in write(made, forge)} == {"kept"}  # type: ignore[arg-type]
    (tmp_path / "flowlift.toml").write_text('manifests = ["prefect.yaml", "teams/**/p.yaml"]\n')
    found = {
        file: entries for file, entries in check(open_project(tmp_path, {})).items() if entries
    }
    (entries,) = found.values()
    assert any("lacks 'teams/**/p.yaml'" in entry.text for entry in entries)
    assert all(entry.line for entry in entries)


def test_a_workflow_that_is_configured_no_longer_is_told(tmp_path: Path) -> None:
    files = FILES | {"etc/docker/Dockerfile": DOCKERFILE}
    write(project(tmp_path, files, IMAGE), "github")
    (tmp_path / "pyproject.toml").write_text("")
    found = check(open_project(tmp_path, {}))
    (entry,) = found[".github/workflows/flowlift-image.yml"]
    assert "remove the file" in entry.text


def test_no_workflow_at_all_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No workflow of flowlift") as caught:
        check(project(tmp_path))
    assert "flowlift ci write github" in caught.value.remedy


def test_a_teams_own_gitlab_file_is_kept_and_must_include_them(tmp_path: Path) -> None:
    made = project(tmp_path, FILES | {".gitlab-ci.yml": "own:\n  script: [echo own]\n"})
    write(made, "gitlab")
    assert (tmp_path / ".gitlab-ci.yml").read_text() == "own:\n  script: [echo own]\n"
    (entry,) = check(made)[".gitlab-ci.yml"]
    assert "does not include" in entry.text
    (tmp_path / ".gitlab-ci.yml").write_text("include: '/.gitlab/flowlift/*.yml'\n")
    assert not any(check(made).values())


def test_the_lock_says_which_flowlift_runs(tmp_path: Path) -> None:
    lock = '[[package]]\nname = "flowlift"\nversion = "0.1.0"\n'
    text = "".join(texts(project(tmp_path, FILES | {"uv.lock": lock}), "github").values())
    assert "run: uv run --locked flowlift deliver" in text
    assert "uvx" not in text


def test_nothing_of_an_event_stands_in_a_line_of_a_shell(tmp_path: Path) -> None:
    files = FILES | {"etc/docker/Dockerfile": DOCKERFILE}
    config = IMAGE + 'platforms = ["linux/amd64", "linux/arm64"]\n[tool.flowlift.worker]\n'
    for text in texts(project(tmp_path, files, config), "github").values():
        workflow = yaml.safe_load(text)
        assert workflow["permissions"] == {}
        for job in workflow["jobs"].values():
            assert job["timeout-minutes"]
            assert job["concurrency"]["cancel-in-progress"] == ("environment" not in job)
            (run,) = (step["run"] for step in job["steps"] if "run" in step)
            assert "${{" not in run
            assert run.count("flowlift deliver") == 1
            for step in job["steps"]:
                assert len(step.get("uses", "@" + "0" * 40).partition("@")[2]) == 40
