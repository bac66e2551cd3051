"""Repositories for the tests that ask git."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlift.repo.git import Repository, open_repository
from tests.unit.repo import trees


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return open_repository(trees.repository(tmp_path / "platform", {"a.txt": "a\n"}))


@pytest.fixture
def pushed(repo: Repository, tmp_path: Path) -> Repository:
    trees.git(tmp_path, "init", "--quiet", "--bare", "--initial-branch", "main", "remote.git")
    trees.git(repo.root, "remote", "add", "origin", str(tmp_path / "remote.git"))
    trees.git(repo.root, "push", "--quiet", "origin", "main")
    return repo
