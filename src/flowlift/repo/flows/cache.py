"""What was read before, by the content of the files that it was read from.

One JSON file a repository. An entry holds as long as every file that took part is the same, and
what read it too: flowlift, pydantic, Python, and for code that was run the interpreter with its
packages.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from flowlift.errors import Position
from flowlift.plan.model import Flow
from flowlift.repo.entrypoint import Entrypoint, Unreadable

FORMAT = 1
_MOST_ENTRIES = 20_000


def default_cache() -> Path:
    """The folder for caches of the user who runs flowlift; it need not exist."""
    if given := os.environ.get("XDG_CACHE_HOME"):
        return Path(given) / "flowlift"
    if sys.platform == "win32" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local) / "flowlift" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "flowlift"
    return Path.home() / ".cache" / "flowlift"


class Store:
    """The flows that were read from one repository.

    `digest` gives the digest of a file of the repository, None where there is no such file.
    """

    def __init__(
        self, folder: Path | None, root: Path, digest: Callable[[str], str | None]
    ) -> None:
        self._digest = digest
        self._file: Path | None = None
        self._versions = ""
        self._known: dict[str, Any] = {}
        self._used: dict[str, Any] = {}
        self._changed = False
        if folder is not None:
            name = hashlib.blake2b(os.fsencode(root.resolve()), digest_size=16).hexdigest()
            self._file = folder / "flows" / f"{name}.json"
            parts = (version("flowlift"), version("pydantic"), sys.version, str(FORMAT))
            self._versions = "\0".join(parts)
            self._load()

    def get(
        self, entrypoint: Entrypoint, file: str | None, interpreter: Callable[[], str]
    ) -> Flow | Unreadable | None:
        """What stands behind an entrypoint in `file`, None where it has to be read.

        `interpreter` gives the fingerprint of what would run the code; it is asked only for
        what was read by running it.
        """
        if self._file is None:
            return None
        key = self._key(entrypoint, file)
        entry = self._known.get(key)
        if entry is None or any(self._digest(f) != d for f, d in entry["files"].items()):
            return None
        if entry["by"] and entry["by"] != interpreter():
            return None
        if any(_digest_of(os.environ.get(name)) != d for name, d in entry["asked"].items()):
            return None
        self._used[key] = entry
        return _thawed(entry)

    def put(
        self,
        entrypoint: Entrypoint,
        file: str | None,
        found: Flow | Unreadable,
        files: Mapping[str, str | None],
        *,
        by: str = "",
        asked: Iterable[str] = (),
    ) -> None:
        """Keep what was read from `files`; a file that must stay missing has no digest.

        `by` is the fingerprint of the interpreter that has run the code, "" where none has, and
        `asked` are the environment variables that the code may have looked at.
        """
        if self._file is not None:
            kind = "flow" if isinstance(found, Flow) else "unreadable"
            looked_at = {name: _digest_of(os.environ.get(name)) for name in asked}
            entry = {kind: _frozen(found), "files": dict(files), "by": by, "asked": looked_at}
            self._used[self._key(entrypoint, file)] = entry
            self._changed = True

    def save(self) -> None:
        """Write what is kept, in one step, so that another process never reads a half."""
        if self._file is None or not self._changed:
            return
        entries = {**self._used, **{k: v for k, v in self._known.items() if k not in self._used}}
        kept = dict(list(entries.items())[:_MOST_ENTRIES])
        text = json.dumps({"versions": self._versions, "entries": kept}, separators=(",", ":"))
        # A cache that cannot be written costs time and nothing else: a full or read-only disk
        # must not fail a plan, and a warning on each run would only be noise.
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor, temporary = tempfile.mkstemp(dir=self._file.parent, suffix=".tmp")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(text)
                Path(temporary).replace(self._file)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise

    def _load(self) -> None:
        # What cannot be read or understood is read anew and written over: another version of
        # flowlift may have written it, or a disk that was full.
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            assert self._file is not None  # noqa: S101 - only called with one
            document = json.loads(self._file.read_bytes())
            if document["versions"] == self._versions:
                self._known = dict(document["entries"])

    def _key(self, entrypoint: Entrypoint, file: str | None) -> str:
        digest = self._digest(file) or "" if file else ""
        return "\0".join((entrypoint.root, entrypoint.text, file or "", digest))


def _digest_of(value: str | None) -> str | None:
    """What stands for a variable's value, which may not be written anywhere."""
    return value and hashlib.blake2b(value.encode(), digest_size=8).hexdigest()


def _frozen(found: Flow | Unreadable) -> dict[str, Any]:
    # `asdict` would copy each schema through and through.
    document = {one.name: getattr(found, one.name) for one in fields(found)}
    document["at"] = list(found.at) if found.at else None
    return document


def _thawed(entry: Mapping[str, Any]) -> Flow | Unreadable:
    document = dict(entry.get("flow") or entry["unreadable"])
    at = Position(*document.pop("at")) if document.get("at") else None
    document.pop("at", None)
    if "flow" in entry:
        document["unread"] = tuple(document["unread"])
        return Flow(**document, at=at or Position(""))
    return Unreadable(**document, at=at)
