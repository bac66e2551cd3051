"""The files of a commit in a folder: as committed, and none outside of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flowlift.errors import GitError, InputError
from flowlift.repo.git import Repository
from tests.parts import trees

pytestmark = pytest.mark.real


def test_files_as_committed(repo: Repository, tmp_path: Path):
    sha = trees.commit(
        repo.root,
        {"src/a.py": "a = 1\n", "run.sh": "echo\n", ".gitattributes": "src export-ignore\n"},
    )
    (repo.root / "run.sh").chmod(0o755)
    (repo.root / "link.py").symlink_to("src/a.py")
    sha = trees.commit(repo.root, dict.fromkeys(trees.ODD_PATHS, "odd"))
    trees.write(repo.root, {"src/a.py": "not committed"})
    repo.export(sha, tmp_path / "out")
    out = tmp_path / "out"
    assert (out / "src/a.py").read_text() == "a = 1\n"
    assert (out / "link.py").read_text() == "a = 1\n"
    assert os.access(out / "run.sh", os.X_OK)
    assert all((out / path).read_text() == "odd" for path in trees.ODD_PATHS)
    assert not (out / ".git").exists()


def test_links_that_lead_out_are_left_out(repo: Repository, tmp_path: Path):
    (repo.root / "passwd").symlink_to("/etc/passwd")
    (repo.root / "up").symlink_to("../../x")
    (repo.root / "sub").mkdir()
    (repo.root / "sub/ok").symlink_to("../a.txt")
    sha = trees.commit(repo.root)
    repo.export(sha, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.txt", "sub"]
    assert (tmp_path / "out/sub/ok").read_text() == "a\n"


def test_a_path_that_leads_out_is_refused(repo: Repository, tmp_path: Path):
    blob = trees.git(repo.root, "hash-object", "-w", "a.txt")
    entry = f"100644 blob {blob}\tx\n"
    # git's own commands refuse to make such a tree, so its bytes are written as they are.
    inner = trees.git_input(repo.root, entry, "mktree")
    tree = trees.raw_tree(repo.root, [("40000", "..", inner)])
    sha = trees.git(repo.root, "commit-tree", tree, "-m", "evil")
    with pytest.raises(GitError, match="not safe to write"):
        repo.export(sha, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_a_folder_with_something_in_it_is_left_alone(repo: Repository, tmp_path: Path):
    trees.write(tmp_path, {"out/mine.txt": "mine"})
    with pytest.raises(InputError, match="not empty"):
        repo.export("HEAD", tmp_path / "out")


def test_large_files_come_whole(repo: Repository, tmp_path: Path):
    (repo.root / "big.bin").write_bytes(bytes(range(256)) * 20_000)
    (repo.root / "empty").write_bytes(b"")
    repo.export(trees.commit(repo.root), tmp_path / "out")
    assert (tmp_path / "out/big.bin").read_bytes() == bytes(range(256)) * 20_000
    assert (tmp_path / "out/empty").read_bytes() == b""


def test_nothing_is_written_through_a_link(repo: Repository, tmp_path: Path):
    (repo.root / "folder").symlink_to("..")
    sha = trees.commit(repo.root, {"z.txt": "z"})
    repo.export(sha, tmp_path / "deep/out")
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["out"]
    assert sorted(path.name for path in (tmp_path / "deep/out").iterdir()) == ["a.txt", "z.txt"]
    assert (tmp_path / "deep/out/z.txt").read_text() == "z"


@pytest.mark.parametrize("name", [".git", ".GIT", "."])
def test_a_path_that_means_something_to_git_is_refused(repo: Repository, tmp_path: Path, name: str):
    blob = trees.git(repo.root, "hash-object", "-w", "a.txt")
    inner = trees.git_input(repo.root, f"100644 blob {blob}\tconfig\n", "mktree")
    sha = trees.git(
        repo.root, "commit-tree", trees.raw_tree(repo.root, [("40000", name, inner)]), "-m", "x"
    )
    with pytest.raises(GitError, match="not safe to write"):
        repo.export(sha, tmp_path / "out")


def test_a_repository_within_is_left_out(repo: Repository, tmp_path: Path):
    blob = trees.git(repo.root, "hash-object", "-w", "a.txt")
    entries = f"100644 blob {blob}\ta.txt\n160000 commit {repo.head()}\tvendor\n"
    tree = trees.git_input(repo.root, entries, "mktree")
    repo.export(trees.git(repo.root, "commit-tree", tree, "-m", "x"), tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.txt"]
