"""Real git repositories with a bare remote, untouched by the developer's own git settings."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_BRANCH = "main"


def git_environ() -> dict[str, str]:
    """The environment for git: no settings from outside, and a fixed author."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return outside | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "Asha",
        "GIT_AUTHOR_EMAIL": "asha@example.com",
        "GIT_COMMITTER_NAME": "Asha",
        "GIT_COMMITTER_EMAIL": "asha@example.com",
    }


@dataclass(frozen=True)
class GitRepository:
    """A work tree at `path`, whose origin is the bare repository at `remote`."""

    path: Path
    remote: Path

    @property
    def remote_url(self) -> str:
        """What a flow run clones."""
        return self.remote.as_uri()

    def git(self, *arguments: str) -> str:
        """Run git in the work tree; what it prints, without the last line's end."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=git_environ(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"git {' '.join(arguments)}: {done.stderr}")
        return done.stdout.removesuffix("\n")

    def head(self) -> str:
        """The commit that is checked out."""
        return self.git("rev-parse", "HEAD")

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, by their path below the root."""
        for name, text in files.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")

    def commit(self, message: str, files: Mapping[str, str] | None = None) -> str:
        """Write `files`, commit all that changed, and give the commit's id."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def switch(self, branch: str) -> None:
        """Go to a branch; it is made from here where there is none of that name."""
        known = self.git("branch", "--list", "--format=%(refname:short)", branch)
        self.git("switch", "--quiet", *([] if known else ["--create"]), branch)

    def push(self, branch: str = "HEAD") -> None:
        """Push a branch, the current one by default, and track it."""
        self.git("push", "--quiet", "--set-upstream", "origin", branch)

    def merge(self, branch: str) -> str:
        """Merge a branch into the default branch, as a forge does, and push that."""
        self.git("switch", "--quiet", DEFAULT_BRANCH)
        self.git("merge", "--quiet", "--no-ff", "--message", f"Merge {branch}", branch)
        self.push()
        return self.git("rev-parse", "HEAD")


def create_repository(folder: Path) -> GitRepository:
    """An empty work tree on the default branch, and its remote, below `folder`."""
    repository = GitRepository(folder / "platform", folder / "remote.git")
    for path, kind in ((repository.path, []), (repository.remote, ["--bare"])):
        subprocess.run(
            ["git", "init", "--quiet", *kind, f"--initial-branch={DEFAULT_BRANCH}", path],
            env=git_environ(),
            check=True,
        )
    repository.git("remote", "add", "origin", repository.remote_url)
    return repository
