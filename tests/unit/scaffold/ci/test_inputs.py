"""Which paths start a workflow, of a folder that nothing asks git about."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowlift.config import read_settings
from flowlift.project.context import CiContext
from flowlift.project.project import Project
from flowlift.repo.git import Repository
from flowlift.repo.globs import Matcher
from flowlift.scaffold.ci.inputs import read_inputs
from tests.parts.trees import write

MANIFEST = """\
pull:
  - prefect.deployments.steps.run_shell_script: {script: "bash ops/go.sh && cat 'data/x'"}
deployments:
  - {name: a, entrypoint: "jobs/daily/a.py:a"}
"""
FILES = {"prefect.yaml": MANIFEST, "jobs/daily/a.py": "", "ops/go.sh": "", "data/x/y.csv": ""}


class Folder(Repository):
    """A folder whose files are all git's."""

    def files(self, ref: str | None = None) -> list[str]:
        found = (path for path in self.root.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.root).as_posix() for path in found)


def project(root: Path, files: Mapping[str, str] = FILES, **config: Any) -> Project:
    write(root, files)
    return Project(Folder(root), root, read_settings(config), True, CiContext(), {})


def test_a_flow_s_neighbours_and_what_the_manifest_names_start_the_deployments(
    tmp_path: Path,
) -> None:
    starts = Matcher(read_inputs(project(tmp_path))["deployments"])
    for path in ("jobs/other.sql", "ops/go.sh", "data/x/z.csv", "deep/new.py", "a/uv.lock"):
        assert starts.matches(path), path
    assert not starts.matches("ops/other.sh")
    assert not starts.matches("data/other.csv")


def test_what_a_folder_holds_is_not_named_again(tmp_path: Path) -> None:
    files = {**FILES, "prefect.yaml": MANIFEST.replace("ops/go.sh", "jobs/daily/go.sh")}
    found = read_inputs(project(tmp_path, {**files, "jobs/daily/go.sh": ""}))["deployments"]
    assert [glob for glob in found if glob.startswith("jobs/")] == ["jobs/**"]
    assert len(found) == len(set(found))


def test_the_root_as_a_source_does_not_start_them_on_every_file(tmp_path: Path) -> None:
    starts = Matcher(read_inputs(project(tmp_path, sources=[".", "lib"]))["deployments"])
    assert starts.matches("lib/table.csv")
    assert not starts.matches("README.md")


def test_a_worker_starts_on_the_values_of_its_own_environments_and_on_its_chart(
    tmp_path: Path,
) -> None:
    worker = {"values": "w/{env}.yaml", "chart": "charts/own", "environments": ["dev"]}
    files = {**FILES, "charts/own/Chart.yaml": "", "flowlift.toml": ""}
    found = read_inputs(project(tmp_path, files, worker=[worker]))["worker"]
    assert found == ("w/dev.yaml", "charts/own/**", "flowlift.toml")


def test_a_chart_from_elsewhere_is_no_file(tmp_path: Path) -> None:
    worker = {"values": "w-{env}.yaml", "chart": "oci://charts.example.com/worker"}
    found = read_inputs(project(tmp_path, worker=[worker]))["worker"]
    assert found == ("w-dev.yaml", "w-prod.yaml", "pyproject.toml")


def test_the_image_starts_on_what_its_dockerfile_copies(tmp_path: Path) -> None:
    files = {**FILES, "Dockerfile": "FROM scratch\nCOPY etc/odbc /etc/\n", "etc/odbc/a.ini": ""}
    image = {"name": "ghcr.io/acme/flows", "dockerfile": "Dockerfile"}
    inputs = read_inputs(project(tmp_path, files, image=image))
    assert list(inputs) == ["image", "deployments"]
    starts = Matcher(inputs["image"])
    assert starts.matches("etc/odbc/b.ini")
    assert not starts.matches("jobs/daily/a.py")
