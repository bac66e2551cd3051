"""What an entrypoint's text means: which file, and which object in it."""

from __future__ import annotations

import difflib
import os
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from flowlift.errors import Position

Kind = Literal[
    "no-entrypoint",
    "malformed",
    "missing-file",
    "missing-function",
    "not-a-flow",
    "syntax-error",
]


class Entry(Protocol):
    """An entry of a manifest, as it stands or as it stood."""

    @property
    def entrypoint(self) -> str:
        """Its entrypoint, as text."""

    @property
    def root(self) -> str:
        """The folder that the entrypoint is relative to."""


class Entrypoint(NamedTuple):
    """An entrypoint as a manifest has it.

    `text` is `path.py:name`, `module:name` or `module.name`, where `name` may go into a class
    (`Class.method`). `root` is the folder that `text` is relative to, itself relative to the
    repository ("" is the repository) and without a slash at its end.
    """

    text: str
    root: str = ""

    @classmethod
    def of(cls, entry: Entry) -> Entrypoint:
        """The entrypoint of a manifest's entry."""
        return cls(entry.entrypoint, entry.root)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why no flow stands behind an entrypoint, and what to do about it.

    `at` is the place in the code, None where there is none to point at: what is wrong then is
    the entrypoint itself.
    """

    kind: Kind
    message: str
    remedy: str = ""
    at: Position | None = None


class Place(NamedTuple):
    """Where an entrypoint points to.

    `file` is relative to the repository (absolute where it lies outside of it), None for a module
    that is not in the repository but may be installed. `module` is the dotted name where the
    entrypoint gives one.
    """

    file: str | None
    parts: tuple[str, ...]
    module: str | None = None


def locate(root: Path, entrypoint: Entrypoint, sources: Sequence[str]) -> Place | Unreadable:
    """Find the file that an entrypoint names, by Prefect's rules for its forms.

    `sources` are folders of packages, looked in after the entrypoint's own root: what is installed
    from there when the code runs.
    """
    text = entrypoint.text.strip()
    if not text:
        return Unreadable(
            "no-entrypoint",
            "The deployment has no entrypoint.",
            "Name the flow's file and function: entrypoint: flows/etl.py:my_flow",
        )
    module, _, name = text.rpartition(":" if ":" in text else ".")
    parts = tuple(name.split("."))
    if not module or name == "py" or not all(part.isidentifier() for part in parts):
        return _malformed(root, entrypoint, text)
    if ":" in text and module.endswith(".py"):
        return _script(root, entrypoint, module, parts)
    if not all(part.isidentifier() for part in module.split(".")):
        return _malformed(root, entrypoint, text)
    return Place(find_module(root, module, bases(entrypoint.root, sources)), parts, module)


def bases(root: str, sources: Sequence[str]) -> Iterator[str]:
    """The folders in which a module is looked for, first the one that Prefect runs in."""
    yield root
    for source in sources:
        yield posixpath.join(root, source)
        if root:
            yield source


def find_module(root: Path, dotted: str, folders: Iterable[str]) -> str | None:
    """The file of a module, relative to the repository; None where no folder has it."""
    path = dotted.replace(".", "/")
    for folder in folders:
        for end in (f"{path}/__init__.py", f"{path}.py"):
            found = posixpath.join(folder, end)
            if (root / found).is_file():
                return _relative(root, found)
    return None


def _script(
    root: Path, entrypoint: Entrypoint, path: str, parts: tuple[str, ...]
) -> Place | Unreadable:
    file = _relative(root, posixpath.join(entrypoint.root, path))
    # A thousand entrypoints come by here, and pathlib takes five times as long.
    if os.path.isfile(f"{root}/{file}" if file[:1] != "/" else file):  # noqa: PTH113
        return Place(file, parts)
    relative_to = f"the folder {entrypoint.root!r}" if entrypoint.root else "the repository's root"
    return Unreadable(
        "missing-file",
        f"There is no file {path!r}, seen from {relative_to}.",
        _nearest_file(root, entrypoint, path),
    )


def _nearest_file(root: Path, entrypoint: Entrypoint, path: str) -> str:
    if entrypoint.root and (root / path).is_file():
        return (
            "The file is there seen from the repository's root: if `prefect deploy` is run there, "
            'set the manifest\'s root to "" under [tool.flowlift.roots].'
        )
    folder = (root / entrypoint.root / path).parent
    beside = [file.name for file in folder.glob("*.py")] if folder.is_dir() else []
    near = difflib.get_close_matches(posixpath.basename(path), beside, n=1)
    if near:
        return f"Is {posixpath.join(posixpath.dirname(path), near[0])!r} meant?"
    return "Entrypoints are relative to the folder that `prefect deploy` runs in."


def _malformed(root: Path, entrypoint: Entrypoint, text: str) -> Unreadable:
    path, _, name = text.rpartition(":")
    remedy = "Write it as path/to/file.py:function or package.module:function."
    if path and (root / entrypoint.root / f"{path}.py").is_file():
        remedy = f"The file's ending belongs to it: {path}.py:{name}"
    elif text.endswith(".py"):
        remedy = f"Name the flow's function after a colon: {text}:my_flow"
    return Unreadable("malformed", f"{text!r} does not name a function in a file.", remedy)


def _relative(root: Path, path: str) -> str:
    """`path` as findings show it: seen from the repository where it lies inside."""
    if path[:1] in "/\\" or ":" in path:
        file = Path(path)
        return (file.relative_to(root) if file.is_relative_to(root) else file).as_posix()
    return posixpath.normpath(path)
