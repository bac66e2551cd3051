"""`flowlift init`: where it writes, and what it tells."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flowlift.errors import GitError
from tests.parts.commands import Called, Here, command

WRITTEN = SimpleNamespace(created=["prefect.yaml"], kept=["pyproject.toml"])


def writing(here: Here, repository: Any) -> list[Called]:
    here.calls("flowlift.repo.git.open_repository", repository)
    return here.calls("flowlift.scaffold.write_platform", WRITTEN)


class Repository:
    """Stands for a git repository with a remote."""

    def __init__(self, branch: str | None) -> None:
        self._branch = branch

    def remote_url(self) -> str:
        return "https://github.com/acme/platform.git"

    def branch(self) -> str | None:
        return self._branch


def test_outside_of_git_the_folder_is_made_and_git_init_is_named(here: Here, tmp_path: Path):
    calls = writing(here, GitError("not in a git repository"))
    there = tmp_path / "my" / "platform"
    result = command("init", "-C", str(there))
    assert result.code == 0
    assert there.is_dir()
    assert calls[0].given == (there,)
    assert calls[0].named == {"name": "platform", "remote_url": None, "default_branch": "main"}
    assert result.err == "No git repository is here yet: run `git init -b main` as well.\n"
    assert result.out.splitlines()[:2] == ["  + prefect.yaml", "    pyproject.toml (kept)"]
    assert "flowlift plan dev" in result.out


@pytest.mark.parametrize(("branch", "expected"), [("trunk", "trunk"), (None, "main")])
def test_in_a_repository_its_remote_and_branch_are_taken(
    here: Here, tmp_path: Path, branch: str | None, expected: str
):
    calls = writing(here, Repository(branch))
    result = command("init", "-C", str(tmp_path))
    assert result.err == ""
    assert calls[0].named == {
        "name": tmp_path.name,
        "remote_url": "https://github.com/acme/platform.git",
        "default_branch": expected,
    }


def test_what_the_user_says_wins(here: Here, tmp_path: Path):
    calls = writing(here, Repository("main"))
    command("init", "-C", str(tmp_path), "--name", "ours", "--remote", "https://elsewhere/a.git")
    assert calls[0].named["name"] == "ours"
    assert calls[0].named["remote_url"] == "https://elsewhere/a.git"
