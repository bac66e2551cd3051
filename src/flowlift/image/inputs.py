"""The inputs of an image, and the digest by which an image with the same inputs is found again.

A build with provenance has a new index digest each time, and a build from the same files may
differ in a time stamp: whether two images are the same is told by what they are made of.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import tomli

FORMAT = "flowlift.image-inputs/1"

INPUTS = "flowlift.inputs"
SOURCES = "flowlift.sources"
"""The annotations (and labels) of an image that hold the two digests of its inputs."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file: its path from the root, its mode (`file`, `executable`, `link`), its content."""

    path: str
    mode: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ImageInputs:
    """All that makes an image.

    `bases` maps each image that the build starts from or copies out of to its digest. `unclear`
    says what could not be told of them; with anything in it, no two images are called the same.
    """

    dockerfile: str
    context: str
    target: str
    files: tuple[InputFile, ...]
    platforms: tuple[str, ...]
    build_args: Mapping[str, str]
    bases: Mapping[str, str] = field(default_factory=dict)
    unclear: tuple[str, ...] = field(default=(), compare=False)

    @property
    def sources(self) -> str:
        """`sha256:` and the digest of what the repository says: all but the base images."""
        return _digest(self._sources())

    @property
    def digest(self) -> str:
        """`sha256:` and the digest of everything, the base images' digests included."""
        return _digest({**self._sources(), "bases": dict(self.bases)})

    def _sources(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "dockerfile": self.dockerfile,
            "context": self.context,
            "target": self.target,
            "files": sorted((file.path, file.mode, file.sha256) for file in self.files),
            "platforms": sorted(self.platforms),
            "build-args": dict(self.build_args),
        }


def _digest(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()}"


def content_digest(content: bytes, ignored_tables: Iterable[str] = ()) -> str:
    """The sha256 of a file's content; of a TOML file perhaps without some tables.

    A file that is no TOML counts as it is.
    """
    tables = tuple(ignored_tables)
    if tables:
        try:
            document = tomli.loads(content.decode("utf-8"))
        except (tomli.TOMLDecodeError, UnicodeDecodeError):
            return hashlib.sha256(content).hexdigest()
        for table in tables:
            _drop(document, table.split("."))
        content = json.dumps(document, sort_keys=True, default=str).encode("utf-8")
    return hashlib.sha256(content).hexdigest()


def _drop(document: Any, path: list[str]) -> None:
    """Remove the table at `path`, and the tables above it that are empty without it."""
    if not isinstance(document, dict) or path[0] not in document:
        return
    if len(path) > 1:
        _drop(document[path[0]], path[1:])
        if document[path[0]]:
            return
    del document[path[0]]
