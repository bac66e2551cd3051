"""Writes the files of a commit into a folder, without touching the repository or its work tree.

`git archive` would leave out what `.gitattributes` marks `export-ignore`, and a checkout would run
filters; here every file is as committed. The tree of a pull request is not trusted: no path and no
link may lead out of the folder.
"""

from __future__ import annotations

import posixpath
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, cast

from flowlift.errors import GitError, InputError
from flowlift.repo.command import command, environment, failure, run, split

_LINK, _EXECUTABLE = "120000", "100755"
_HEADER_FIELDS = 3
_PART = 1 << 20


class _Blob(NamedTuple):
    mode: str
    sha: str
    path: str


def write_tree(root: Path, commit: str, folder: Path) -> None:
    """Write the files of `commit` in the repository at `root` into `folder`.

    Raises:
        GitError: git fails, or the commit has a path that leads out of the folder.
        InputError: `folder` holds something already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise InputError(f"{folder} is not empty.", remedy="Give a new folder to export into.")
    links: list[tuple[str, str]] = []
    blobs = _blobs(root, commit)
    with _contents(root, blobs) as output:
        for blob in blobs:
            header = output.readline().split()
            if len(header) != _HEADER_FIELDS:
                raise failure("cat-file", b" ".join(header) or b"no output")
            size = int(header[-1])
            if blob.mode == _LINK:
                links.append((blob.path, output.read(size).decode(errors="surrogateescape")))
            else:
                _write(output, size, folder / blob.path, executable=blob.mode == _EXECUTABLE)
            output.read(1)
    # Links come last, so that nothing is written through one.
    for path, target in links:
        meant = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if not posixpath.isabs(target) and meant.split("/")[0] != "..":
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).symlink_to(target)


def _blobs(root: Path, commit: str) -> list[_Blob]:
    found = []
    for entry in split(run(root, "ls-tree", "-r", "-z", "--full-tree", commit).stdout):
        about, _, path = entry.partition("\t")
        mode, kind, sha = about.split(" ")
        if kind != "blob":
            continue
        parts = path.split("/")
        if {"", ".", ".."} & set(parts) or any(part.casefold() == ".git" for part in parts):
            raise GitError(
                f"{commit[:12]} has a path that is not safe to write: {path!r}.",
                remedy="Remove it from the repository.",
            )
        found.append(_Blob(mode, sha, path))
    return found


@contextmanager
def _contents(root: Path, blobs: list[_Blob]) -> Iterator[IO[bytes]]:
    """What one `git cat-file` says of all blobs: a line each, and the content after it."""
    with tempfile.TemporaryFile() as asked:
        asked.write(b"".join(f"{blob.sha}\n".encode() for blob in blobs))
        asked.seek(0)
        process = subprocess.Popen(
            command("cat-file", "--batch", "--buffer"),
            cwd=root,
            env=environment(),
            stdin=asked,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        with process:
            try:
                yield cast(IO[bytes], process.stdout)
            finally:
                process.kill()


def _write(source: IO[bytes], size: int, file: Path, *, executable: bool) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as out:
        while size:
            part = source.read(min(size, _PART))
            if not part:
                raise failure("cat-file", b"the output ended early")
            out.write(part)
            size -= len(part)
    if executable:
        file.chmod(0o755)
