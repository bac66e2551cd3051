"""A stand-in for `repo.git.Repository`: its history is in memory, and its work tree a folder.

For tests of what is decided from a repository, without a git process for every question. What git
itself says is tested in `tests/real/repo`, where one test holds this stand-in to the real thing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess

from flowlift.errors import GitError
from flowlift.repo.changed import Changed
from flowlift.repo.git import Repository
from tests.parts.trees import write

URL = "https://github.com/acme/platform.git"


@dataclass(frozen=True)
class StandInCommit:
    """A commit: the files that it has, and its parents."""

    files: Mapping[str, str]
    parents: tuple[str, ...] = ()


@dataclass(frozen=True)
class StandInRepository(Repository):
    """A repository with a remote `origin`, beginning on main without any commit.

    `heads` are the branches here, `tracked` the remote's as they were fetched or pushed last, and
    `remote` those that the remote itself has. `asked` counts the round trips to it.
    """

    commits: dict[str, StandInCommit] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)
    tracked: dict[str, str] = field(default_factory=dict)
    remote: dict[str, str] = field(default_factory=dict)
    at: dict[str, str | None] = field(default_factory=lambda: {"branch": "main"})
    url: str = URL
    asked: list[str] = field(default_factory=list)

    # What a person does ------------------------------------------------------------------

    def commit(
        self, files: Mapping[str, str] | None = None, *, without: tuple[str, ...] = ()
    ) -> str:
        """Write `files`, delete those of `without`, and commit all that is there."""
        write(self.root, files or {})
        for path in without:
            (self.root / path).unlink()
        parents = tuple(sha for sha in (self.resolve("HEAD"),) if sha)
        return self._record(self._here(), parents)

    def switch(self, branch: str) -> None:
        """Go to a branch; it begins here where there is none of that name."""
        if branch in self.heads:
            for path in self._here():
                (self.root / path).unlink()
            write(self.root, self.commits[self.heads[branch]].files)
        else:
            self.heads[branch] = self.head()
        self.at["branch"] = branch

    def detach(self) -> None:
        """Stand on the commit and on no branch, as CI systems leave a clone."""
        self.at.update(branch=None, commit=self.head())

    def push(self) -> None:
        """Give the remote what is committed on the current branch."""
        branch = self.at["branch"]
        assert branch is not None
        self.remote[branch] = self.tracked[branch] = self.head()

    def merge(self, branch: str) -> str:
        """Merge a branch into main, as a forge does, and fetch that."""
        self.switch("main")
        write(self.root, self.commits[self.heads[branch]].files)
        merged = self._record(self._here(), (self.head(), self.heads[branch]))
        self.push()
        return merged

    def _record(self, files: Mapping[str, str], parents: tuple[str, ...]) -> str:
        text = repr((sorted(files.items()), parents, len(self.commits)))
        sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        self.commits[sha] = StandInCommit(dict(files), parents)
        branch = self.at["branch"]
        if branch is None:
            self.at["commit"] = sha
        else:
            self.heads[branch] = sha
        return sha

    def _here(self) -> dict[str, str]:
        files = (path for path in self.root.rglob("*") if path.is_file() or path.is_symlink())
        return {
            path.relative_to(self.root).as_posix(): path.read_text("utf-8")
            for path in files
            if "__pycache__" not in path.parts
        }

    # What flowlift asks ------------------------------------------------------------------

    def branch(self) -> str | None:
        return self.at["branch"]

    def remote_url(self) -> str | None:
        return self.url or None

    def default_branch(self, configured: str | None = None) -> str:
        return configured or "main"

    def resolve(self, ref: str) -> str | None:
        if ref == "HEAD":
            branch = self.at["branch"]
            return self.heads.get(branch) if branch else self.at["commit"]
        name = ref.removeprefix("refs/heads/")
        tracked = ref.removeprefix("refs/remotes/").removeprefix("origin/")
        if ref in self.commits:
            return ref
        return self.heads.get(name) or (self.tracked.get(tracked) if tracked != ref else None)

    def default_ref(self, branch: str) -> str:
        if branch in self.tracked:
            return f"origin/{branch}"
        if branch in self.heads:
            return branch
        raise GitError(f"This clone does not have the branch {branch!r}.", remedy="Fetch it.")

    def merge_base(self, ref: str) -> str:
        theirs = set(self._history(self._commit(ref)))
        for sha in self._history(self.head()):
            if sha in theirs:
                return sha
        raise GitError(f"HEAD and {ref} have no commit in common.")

    def is_ancestor(self, older: str, newer: str) -> bool:
        return older in self._history(self._commit(newer))

    def changed_files(self, since: str, until: str | None = None) -> Changed:
        before = self.commits[self._commit(since)].files
        now = self.commits[self._commit(until)].files if until else self._here()
        return Changed(
            added=frozenset(now.keys() - before.keys()),
            modified=frozenset(
                path for path in now.keys() & before.keys() if now[path] != before[path]
            ),
            deleted=frozenset(before.keys() - now.keys()),
        )

    def blobs(self, ref: str) -> dict[str, str]:
        files = self.commits[self._commit(ref)].files
        return {path: f"100644 {hash(text)}" for path, text in files.items()}

    def files(self, ref: str | None = None) -> list[str]:
        return sorted(self._here() if ref is None else self.commits[self._commit(ref)].files)

    def read(self, ref: str | None, path: str) -> bytes | None:
        if ref is None:
            return super().read(None, path)
        text = self.commits[self._commit(ref)].files.get(path)
        return None if text is None else text.encode()

    def remote_heads(self) -> dict[str, str]:
        self.asked.append("heads")
        return dict(self.remote)

    def remote_branch(self, name: str) -> str | None:
        self.asked.append(name)
        return self.remote.get(name)

    def fetch(self, branch: str) -> None:
        self.asked.append(f"fetch {branch}")
        if branch not in self.remote:
            raise GitError(f"The remote has no branch {branch!r}.")
        self.tracked[branch] = self.remote[branch]

    def is_dirty(self) -> bool:
        return self._here() != self.commits[self.head()].files

    def export(self, ref: str, folder: Path) -> None:
        write(folder, self.commits[self._commit(ref)].files)

    def _history(self, sha: str) -> Iterator[str]:
        """A commit and all that it comes from, the newest first."""
        waiting, seen = [sha], set[str]()
        while waiting:
            now = waiting.pop(0)
            if now not in seen:
                seen.add(now)
                waiting += self.commits[now].parents
                yield now

    def _git(
        self, *arguments: str, ok: tuple[int, ...] | None = (0,), timeout: float | None = None
    ) -> CompletedProcess[bytes]:
        raise AssertionError(f"The stand-in for git was asked: git {' '.join(arguments)}")
