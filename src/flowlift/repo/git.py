"""A git repository, asked through git's own command line.

Names and paths of others (branches, files) are handed over as single arguments, never through a
shell, and every list is read separated by NUL, so that no character in them has a meaning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

from flowlift.errors import GitError, InputError
from flowlift.repo.changed import Changed
from flowlift.repo.command import run, split
from flowlift.repo.export import write_tree
from flowlift.repo.remote import check_branch

REMOTE_TIMEOUT = 60.0
"""Seconds that a remote may take to list its branches."""

_DEEPER = (
    "Fetch the whole history: `fetch-depth: 0` for actions/checkout on GitHub, "
    '`GIT_DEPTH: "0"` on GitLab, `git fetch --unshallow` by hand.'
)


def open_repository(directory: Path) -> Repository:
    """The repository that `directory` lies in.

    Raises:
        GitError: git is not installed, the folder is in no work tree, or git distrusts its owner.
    """
    if not directory.is_dir():
        raise GitError(f"{directory} is not a folder.", remedy="Give the repository with -C DIR.")
    done = run(directory, "rev-parse", "--show-toplevel", ok=None)
    top = done.stdout.decode(errors="surrogateescape").removesuffix("\n")
    if done.returncode == 0 and top:
        return Repository(Path(top))
    said = done.stderr.decode(errors="replace")
    if "dubious ownership" in said:
        raise GitError(
            f"git does not trust {directory}, as it belongs to another user.",
            remedy=f"git config --global --add safe.directory {directory.resolve()}",
        )
    if "must be run in a work tree" in said:
        raise GitError(
            f"{directory} is a bare repository, without files.",
            remedy="Run flowlift in a clone of it.",
        )
    raise GitError(
        f"{directory} is not in a git repository.",
        remedy="Run flowlift inside one, give it with -C DIR, or make one with `git init`.",
    )


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository with a work tree; `root` is the top of it."""

    root: Path

    def head(self) -> str:
        """The commit that is checked out, in full.

        Raises:
            GitError: nothing has been committed yet.
        """
        sha = self.resolve("HEAD")
        if sha is None:
            raise GitError(
                "The repository has no commit yet.", remedy="Commit the files, then try again."
            )
        return sha

    def branch(self) -> str | None:
        """The branch that is checked out; None on a detached HEAD, as CI systems leave it."""
        done = self._git("symbolic-ref", "--quiet", "HEAD", ok=(0, 1))
        return _line(done).removeprefix("refs/heads/") or None

    def remote_url(self) -> str | None:
        """The address of the remote `origin`, else of the only remote; None without one.

        It is as configured and may hold a password: `remote.normalize_remote` drops that.
        """
        remote = self._remote()
        if remote is None:
            return None
        return _line(self._git("remote", "get-url", "--", remote))

    def default_branch(self, configured: str | None = None) -> str:
        """The branch that PROD runs: as configured, as the remote says, or main, or master.

        Raises:
            GitError: none of these exists.
        """
        if configured:
            check_branch(configured)
            return configured
        remote = self._remote()
        if remote is not None:
            head = f"refs/remotes/{remote}/"
            done = self._git("symbolic-ref", "--quiet", f"{head}HEAD", ok=(0, 1))
            if found := _line(done).removeprefix(head):
                return found
        for name in ("main", "master"):
            places = [f"refs/heads/{name}", *([f"refs/remotes/{remote}/{name}"] if remote else [])]
            if any(self.resolve(place) for place in places):
                return name
        self.head()  # without any commit that is what is wrong, and it says so
        raise GitError(
            "The default branch is not known: the remote does not name one, and there is neither "
            "a branch main nor master.",
            remedy='Set default-branch = "NAME" in [tool.flowlift], or run '
            "`git remote set-head origin --auto`.",
        )

    def resolve(self, ref: str) -> str | None:
        """The full sha of the commit that `ref` means, None where there is none of that name."""
        if not ref or ref.startswith("-") or "\0" in ref:
            return None
        done = self._git("rev-parse", "--quiet", "--verify", f"{ref}^{{commit}}", ok=None)
        return _line(done) if done.returncode == 0 else None

    def default_ref(self, branch: str) -> str:
        """What to compare with for `branch`: the remote's state of it, else the local branch.

        Raises:
            GitError: this clone has neither.
        """
        check_branch(branch)
        remote = self._remote()
        if remote is not None and self.resolve(f"refs/remotes/{remote}/{branch}"):
            short = f"{remote}/{branch}"
            hidden = (f"refs/heads/{short}", f"refs/tags/{short}")
            taken = any(self.resolve(ref) for ref in hidden)
            return f"refs/remotes/{short}" if taken else short
        if self.resolve(f"refs/heads/{branch}"):
            return branch
        self.head()  # as for the default branch
        fetch = f"git fetch {remote or 'origin'} {branch}"
        raise GitError(
            f"This clone does not have the branch {branch!r}.",
            remedy=_DEEPER if self._cut_off() else f"Fetch it: `{fetch}`.",
        )

    def merge_base(self, ref: str) -> str:
        """The newest commit that HEAD and `ref` have in common.

        Raises:
            GitError: there is none, or the clone is too shallow to tell which it is.
        """
        head, other = self.head(), self.resolve(ref)
        if other is None:
            raise GitError(
                f"{ref!r} is not a commit, branch or tag of this clone.",
                remedy=_DEEPER if self._cut_off() else "Fetch it, or give another with --base REF.",
            )
        done = self._git("merge-base", head, other, ok=(0, 1))
        base, cut_off = _line(done), self._cut_off()
        if base and not cut_off:
            return base
        if not cut_off:
            raise GitError(
                f"HEAD and {ref} have no commit in common.",
                remedy="Give the commit to compare with: --base REF.",
            )
        # What lies above the base must be there whole: behind a commit whose parents are missing
        # a newer common commit may hide.
        if not base or cut_off & set(self._lines("rev-list", head, other, f"^{base}")):
            raise GitError(
                f"This clone is shallow, so it is not known where HEAD left {ref}.", remedy=_DEEPER
            )
        return base

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether the commit `older` is part of the history of `newer`.

        A full sha that this clone does not have is no ancestor of anything in it.

        Raises:
            GitError: `newer` is unknown, or the clone is too shallow to tell.
        """
        tip = self.resolve(newer)
        if tip is None:
            raise GitError(
                f"{newer!r} is not a commit, branch or tag of this clone.", remedy="Fetch it first."
            )
        commit = self.resolve(older)
        if commit is None and not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", older):
            raise GitError(
                f"{older!r} is not a commit, branch or tag of this clone.", remedy="Fetch it first."
            )
        if commit is not None:
            done = self._git("merge-base", "--is-ancestor", commit, tip, ok=(0, 1))
            if done.returncode == 0:
                return True
        cut_off = self._cut_off()
        if cut_off and cut_off & set(self._lines("rev-list", tip)):
            raise GitError(
                f"This clone is shallow, so it is not known whether {newer} contains {older}.",
                remedy=_DEEPER,
            )
        return False

    def changed_files(self, since: str, until: str | None = None) -> Changed:
        """What differs between the commit `since` and the commit `until`, or the work tree.

        Of the work tree, files that are neither tracked nor ignored count as added: what is planned
        is what is there, committed or not.
        """
        done = self._git(
            "diff",
            "--name-status",
            "-z",
            "--find-renames",
            "--no-relative",
            "--no-ext-diff",
            "--ignore-submodules=none",
            "-O/dev/null",
            self._commit(since),
            *([self._commit(until)] if until else []),
            "--",
        )
        if until:
            return Changed.of(split(done.stdout), ())
        untracked = self._paths("ls-files", "-z", "--others", "--exclude-standard")
        return Changed.of(split(done.stdout), untracked)

    def files(self, ref: str | None = None) -> list[str]:
        """Every path at `ref`, sorted; without one, in the work tree.

        The work tree's are the tracked ones that are not deleted (those that a sparse checkout
        leaves out included) and those that are neither tracked nor ignored.
        """
        if ref is not None:
            return sorted(
                self._paths("ls-tree", "-r", "-z", "--name-only", "--full-tree", self._commit(ref))
            )
        listed = self._paths("ls-files", "-z", "-t", "-c", "-o", "-d", "--exclude-standard")
        present, deleted = set[str](), set[str]()
        for entry in listed:
            tag, path = entry[0], entry[2:]
            if not path.endswith("/"):
                (deleted if tag == "R" else present).add(path)
        return sorted(present - deleted)

    def blobs(self, ref: str) -> dict[str, str]:
        """What every path is and holds at `ref`: git's mode and name of it (`100644 3b18e5...`)."""
        listed = self._paths("ls-tree", "-r", "-z", "--full-tree", self._commit(ref))
        entries = (entry.partition("\t") for entry in listed)
        return {path: f"{said[:6]} {said.rpartition(' ')[2]}" for said, _, path in entries}

    def read(self, ref: str | None, path: str) -> bytes | None:
        """The content of `path` at `ref`, or in the work tree; None where there is no such file.

        Raises:
            InputError: in the work tree, `path` is a link that leads out of the repository.
        """
        if ref is None:
            return self._read_here(path)
        done = self._git("cat-file", "blob", f"{self._commit(ref)}:{path}", ok=None)
        return done.stdout if done.returncode == 0 else None

    def _read_here(self, path: str) -> bytes | None:
        file = self.root / path
        try:
            if not file.resolve().is_relative_to(self.root.resolve()):
                raise InputError(
                    f"{path} leads out of the repository.",
                    remedy="Replace the symbolic link by the file itself.",
                )
            return file.read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            pass
        if path not in set(self.files()):
            return None
        # A sparse checkout: the file is tracked, but was left out of the work tree.
        done = self._git("cat-file", "blob", f":{path}", ok=None)
        return done.stdout if done.returncode == 0 else None

    def remote_branch(self, name: str) -> str | None:
        """The commit that the remote has for the branch `name`, None where it has none.

        Raises:
            GitError: there is no remote, or it cannot be reached.
        """
        check_branch(name)
        return self._remote_heads(f"refs/heads/{name}").get(name)

    def remote_heads(self) -> dict[str, str]:
        """The remote's branches and their commits.

        Raises:
            GitError: there is no remote, or it cannot be reached.
        """
        return self._remote_heads("refs/heads/*")

    def _remote_heads(self, pattern: str) -> dict[str, str]:
        done = self._git("ls-remote", "--", self.remote_name(), pattern, timeout=REMOTE_TIMEOUT)
        heads: dict[str, str] = {}
        for line in done.stdout.decode(errors="surrogateescape").splitlines():
            sha, _, found = line.partition("\t")
            if found.startswith("refs/heads/"):
                heads[found.removeprefix("refs/heads/")] = sha
        return heads

    def fetch(self, branch: str) -> None:
        """Bring the remote's state of `branch` here, without touching the work tree.

        Raises:
            GitError: there is no remote, it cannot be reached, or it has no such branch.
        """
        check_branch(branch)
        remote = self.remote_name()
        self._git(
            "fetch",
            "--quiet",
            "--no-tags",
            "--",
            remote,
            f"+refs/heads/{branch}:refs/remotes/{remote}/{branch}",
            timeout=REMOTE_TIMEOUT,
        )

    def remote_name(self) -> str:
        """What this clone calls its remote.

        Raises:
            GitError: there is none.
        """
        remote = self._remote()
        if remote is None:
            raise GitError(
                "The repository has no remote.",
                remedy="Add one with `git remote add origin URL`: workers clone from it.",
            )
        return remote

    def is_dirty(self) -> bool:
        """Whether the work tree differs from HEAD; files that are not tracked count."""
        return bool(self._git("status", "--porcelain", "-z", "--untracked-files=normal").stdout)

    def export(self, ref: str, folder: Path) -> None:
        """Write the files of `ref` into `folder`, which is empty or not there yet.

        The repository itself is not touched. Files are as committed (no filters, so a file of
        Git LFS is its pointer), a link that leads out of `folder` is left out, and so is the
        content of a submodule.

        Raises:
            GitError: `ref` is unknown, or has a path that no safe file name can be made of.
            InputError: `folder` holds something already.
        """
        write_tree(self.root, self._commit(ref), folder)

    def _commit(self, ref: str) -> str:
        sha = self.resolve(ref)
        if sha is None:
            raise GitError(
                f"{ref!r} is not a commit, branch or tag of this clone.", remedy="Fetch it first."
            )
        return sha

    def _remote(self) -> str | None:
        remotes = self._lines("remote")
        if "origin" in remotes:
            return "origin"
        return remotes[0] if len(remotes) == 1 else None

    def _cut_off(self) -> set[str]:
        """The commits whose parents this clone does not have; empty in a full clone."""
        file = self.root / _line(self._git("rev-parse", "--git-path", "shallow"))
        return set(file.read_text().split()) if file.is_file() else set()

    def _git(
        self, *arguments: str, ok: tuple[int, ...] | None = (0,), timeout: float | None = None
    ) -> CompletedProcess[bytes]:
        return run(self.root, *arguments, ok=ok, timeout=timeout)

    def _lines(self, *arguments: str) -> list[str]:
        return self._git(*arguments).stdout.decode(errors="surrogateescape").splitlines()

    def _paths(self, *arguments: str) -> list[str]:
        return split(self._git(*arguments).stdout)


def _line(done: CompletedProcess[bytes]) -> str:
    return done.stdout.decode(errors="surrogateescape").removesuffix("\n")
