"""The stand-in for a repository that quick tests use, held to git: both answer the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flowlift.errors import GitError
from flowlift.repo.git import Repository
from tests.parts.repositories import GitRepository
from tests.parts.standin_repository import StandInRepository

pytestmark = pytest.mark.real

BEGIN = {"a.py": "a = 1\n", "b/c.py": "c = 1\n", "gone.py": "gone = 1\n"}
CHANGE = {"a.py": "a = 2\n", "new.py": "new = 1\n"}


def answers(repository: Repository, commits: dict[str, str], folder: Path) -> dict[str, Any]:
    """What a repository says, with the names of commits instead of their ids."""
    names = {sha: name for name, sha in commits.items()}

    def asked(question: Any) -> Any:
        try:
            answer = question()
        except GitError:
            return "GitError"
        return names.get(answer, answer) if isinstance(answer, str) else answer

    repository.export(commits["begin"], folder)
    changed = repository.changed_files(commits["begin"])
    return {
        "head": asked(repository.head),
        "branch": asked(repository.branch),
        "default": asked(repository.default_branch),
        "configured": asked(lambda: repository.default_branch("trunk")),
        "ref of main": asked(lambda: repository.default_ref("main")),
        "ref of a branch": asked(lambda: repository.default_ref("feat/local")),
        "ref of none": asked(lambda: repository.default_ref("nowhere")),
        **{
            f"resolve {ref}": asked(lambda ref=ref: repository.resolve(ref))
            for ref in ("HEAD", "main", "origin/main", "origin/feat/local", "nowhere", "d" * 40)
        },
        "resolve a commit": asked(lambda: repository.resolve(commits["begin"])),
        "merge base": asked(lambda: repository.merge_base("origin/main")),
        "merge base of none": asked(lambda: repository.merge_base("nowhere")),
        "older": repository.is_ancestor(commits["begin"], "origin/main"),
        "newer": repository.is_ancestor(commits["change"], "origin/main"),
        "unknown": repository.is_ancestor("d" * 40, "origin/main"),
        "changed": (changed.added, changed.modified, changed.deleted),
        "files": repository.files(),
        "files at the base": repository.files(commits["begin"]),
        "read": repository.read(None, "a.py"),
        "read at the base": repository.read(commits["begin"], "a.py"),
        "read none": (repository.read(None, "x.py"), repository.read(commits["begin"], "x.py")),
        "remote": {name: names[sha] for name, sha in repository.remote_heads().items()},
        "remote branch": asked(lambda: repository.remote_branch("main")),
        "fetch none": asked(lambda: repository.fetch("nowhere")),
        "dirty": repository.is_dirty(),
        "exported": sorted(
            path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
        ),
    }


def test_the_stand_in_answers_as_git_does(git_repository: GitRepository, tmp_path: Path) -> None:
    real = {"begin": git_repository.commit("begin", BEGIN)}
    git_repository.push()
    real["main"] = git_repository.commit("main", {"a.py": "a = 3\n"})
    git_repository.push()
    git_repository.git("switch", "--quiet", "--detach", real["begin"])
    git_repository.switch("feat/local")
    (git_repository.path / "gone.py").unlink()
    real["change"] = git_repository.commit("change", CHANGE)
    git_repository.write({"untracked.py": ""})

    standin = StandInRepository(tmp_path / "stand-in")
    ours = {"begin": standin.commit(BEGIN)}
    standin.push()
    standin.heads["feat/local"] = ours["begin"]
    ours["main"] = standin.commit({"a.py": "a = 3\n"})
    standin.push()
    standin.switch("feat/local")
    ours["change"] = standin.commit(CHANGE, without=("gone.py",))
    (standin.root / "untracked.py").write_text("")

    said = answers(standin, ours, tmp_path / "export-1")
    assert said == answers(Repository(git_repository.path), real, tmp_path / "export-2")
    assert said["merge base"] == "begin"
