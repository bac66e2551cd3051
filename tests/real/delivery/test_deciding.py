"""Which workflows an event asks for, where git itself is part of the answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlift.delivery.deciding import Request, decide
from flowlift.errors import GitError
from flowlift.project.project import open_project
from tests.parts.ci_events import github_environ, pull
from tests.parts.repositories import GitRepository

pytestmark = pytest.mark.real

CONFIG = 'default-branch = "main"\n[env.dev]\nref = "branch"\n[env.prod]\nref = "default"\n'
MANIFEST = """\
name: platform
deployments:
- {name: hourly, entrypoint: "flows/a.py:a", work_pool: {name: k8s}}
"""
FLOW = "from prefect import flow\n\n\n@flow\ndef a():\n    pass\n"


@pytest.fixture
def proposed(git_repository: GitRepository) -> GitRepository:
    """A pushed branch that changes a flow in two commits."""
    files = {"flowlift.toml": CONFIG, "prefect.yaml": MANIFEST, "flows/a.py": FLOW}
    git_repository.commit("begin", files)
    git_repository.push()
    git_repository.switch("feat/a")
    git_repository.commit("change", {"flows/a.py": FLOW + "# more\n"})
    git_repository.commit("more", {"README.md": "more\n"})
    git_repository.push()
    return git_repository


def decided(repository: Path, folder: Path) -> list[str]:
    project = open_project(repository, github_environ(folder, "pull_request", pull("opened")))
    return [f"{step.verb} {step.environment}" for step in decide(project, Request()).steps]


def test_a_pull_request_starts_what_it_changes(proposed: GitRepository, tmp_path: Path) -> None:
    assert decided(proposed.path, tmp_path) == ["apply dev", "plan prod"]


def test_a_shallow_clone_says_how_deep_to_fetch(proposed: GitRepository, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow"
    proposed.git(
        "clone", "--quiet", "--depth=1", "--branch=feat/a", proposed.remote_url, str(shallow)
    )
    with pytest.raises(GitError) as caught:
        decided(shallow, tmp_path)
    assert "fetch-depth: 0" in caught.value.remedy
