"""Small repositories for tests: files from a mapping, and git with a fixed author."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

AUTHOR = {
    "GIT_AUTHOR_NAME": "Asha",
    "GIT_AUTHOR_EMAIL": "asha@example.com",
    "GIT_COMMITTER_NAME": "Asha",
    "GIT_COMMITTER_EMAIL": "asha@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}

ODD_PATHS = ["a b.txt", "täglich.txt", 'quo"te.txt', "new\nline.txt", "$(touch x).txt", "-n.txt"]
"""Names of files that mean something elsewhere."""


def write(root: Path, files: Mapping[str, str]) -> None:
    """Write `files` below `root`, with their folders."""
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def git(root: Path, *arguments: str) -> str:
    """Run git in `root` and give its output."""
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *arguments],
        cwd=root,
        env={**os.environ, **AUTHOR},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def commit(root: Path, files: Mapping[str, str] | None = None, message: str = "change") -> str:
    """Write `files`, commit everything in the work tree, and give the commit."""
    write(root, files or {})
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(root, "rev-parse", "HEAD")


def repository(root: Path, files: Mapping[str, str] | None = None) -> Path:
    """A repository at `root` on the branch main, with one commit of `files`."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "--quiet", "--initial-branch", "main")
    commit(root, files or {})
    return root


def git_input(root: Path, text: str, *arguments: str) -> str:
    """Run git in `root` with `text` on its standard input."""
    done = subprocess.run(
        ["git", *arguments], cwd=root, input=text, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def raw_tree(root: Path, entries: list[tuple[str, str, str]]) -> str:
    """Write a tree object of (mode, name, sha) without git's checks of the names."""
    content = b"".join(
        f"{mode} {name}".encode() + b"\0" + bytes.fromhex(sha) for mode, name, sha in entries
    )
    done = subprocess.run(
        ["git", "hash-object", "--literally", "-t", "tree", "-w", "--stdin"],
        cwd=root,
        input=content,
        check=True,
        capture_output=True,
    )
    return done.stdout.decode().strip()
