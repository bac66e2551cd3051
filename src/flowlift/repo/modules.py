"""Which file an imported name means: Python's own search, over paths instead of a running process.

Where a name could mean a file below several roots, all of them are taken: which roots are on the
path of a worker cannot be known for certain, and what is left out would be missed.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from flowlift.repo import globs
from flowlift.repo.imports import Import

_PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")


def folder_of(path: str) -> str:
    """The folder of `path` with a trailing slash, "" for the repository's root."""
    return path[: path.rfind("/") + 1]


def search_roots(files: Collection[str], sources: Sequence[str]) -> tuple[str, ...]:
    """The folders that imports start from in every process, "" or with a trailing slash.

    They are the repository's root, the configured sources (globs are followed) and, for each
    Python project in the repository, its folder and the `src` in it, as an installed project
    can be imported without being configured.
    """
    found = {""}
    folders: set[str] = set()
    for path in files:
        folder = folder_of(path)
        folders.add(folder)
        if path[len(folder) :] in _PROJECT_FILES:
            found |= {folder, f"{folder}src/"}
    for folder in list(folders):
        parts = folder.split("/")[:-1]
        folders.update("/".join(parts[:end]) + "/" for end in range(1, len(parts)))
    wanted = globs.Matcher(sources)
    found |= {folder for folder in folders if folder and wanted.matches(folder[:-1])}
    return tuple(sorted(root for root in found if not root or root in folders))


class Modules:
    """The Python files of a repository, by the names that import them.

    Args:
        root: the top of the work tree, to look symbolic links up.
        files: every path, those that are gone included.
        gone: paths that do not exist any more; who imported them still leads to them.
    """

    def __init__(self, root: Path, files: Collection[str], gone: Collection[str]) -> None:
        self._gone = frozenset(gone)
        self.files: dict[str, str] = {path: path for path in files if path.endswith(".py")}
        self._links: dict[str, list[str]] = {}
        self._follow_folder_links(root, files)
        self.children: dict[str, set[str]] = {}
        self._walked: dict[tuple[str, str], tuple[list[str], str | None]] = {}
        for path in self.files:
            self._add(path)

    def _follow_folder_links(self, root: Path, files: Iterable[str]) -> None:
        """A folder that is a symbolic link holds the modules of what it points to."""
        top = root.resolve()
        for path in files:
            # Few names without a dot are in a repository; asking for all would cost too much.
            if "." in path[path.rfind("/") + 1 :] or not (root / path).is_symlink():
                continue
            target = (root / path).resolve()
            if not target.is_dir() or not target.is_relative_to(top):
                continue
            real = "".join(f"{part}/" for part in target.relative_to(top).parts)
            for file in [file for file in self.files if file.startswith(real)]:
                linked = f"{path}/{file[len(real) :]}"
                self.files[linked] = file
                self._links.setdefault(file, []).append(linked)

    def _add(self, path: str) -> None:
        folder, name = folder_of(path), path[path.rfind("/") + 1 : -3]
        while name not in (names := self.children.setdefault(folder, set())):
            names.add(name)
            if not folder:
                return
            parent = folder_of(folder[:-1])
            folder, name = parent, folder[len(parent) : -1]

    def tops(self, root: str) -> Collection[str]:
        """The first components of the names that can be imported from `root`."""
        return self.children.get(root, ())

    def present(self) -> Iterable[str]:
        """The Python files that can be read, each once."""
        return (
            path for path, real in self.files.items() if path == real and path not in self._gone
        )

    def below(self, folder: str) -> list[str]:
        """The Python files in `folder` and all folders in it."""
        return [path for path in self.present() if path.startswith(folder)]

    def paths(self, file: str) -> list[str]:
        """The paths that lead to `file`: its own, and those through linked folders."""
        return [file, *self._links.get(file, ())]

    def words(self, file: str) -> set[bytes]:
        """Words of which a file that imports `file` by name holds at least one."""
        found = set()
        for path in self.paths(file):
            folder = folder_of(path)
            name = path[len(folder) : -3]
            if name == "__init__":
                name = folder[len(folder_of(folder[:-1])) : -1]
            if name:
                found.add(os.fsencode(name))
        return found

    def imported(self, statement: Import, file: str, roots: Iterable[str]) -> tuple[str, ...]:
        """The files that `statement` in `file` runs, packages on the way included."""
        if not statement.level:
            found = [path for root in roots for path in self._from(root, statement)]
            return tuple(dict.fromkeys(found)) if found else ()
        folder = file.split("/")[:-1]
        up = statement.level - 1
        if up > len(folder):
            return ()
        base = "".join(f"{part}/" for part in folder[: len(folder) - up])
        return tuple(self._from(base, statement))

    def _from(self, base: str, statement: Import) -> list[str]:
        key = (base, statement.module)
        known = self._walked.get(key)
        if known is None:
            known = self._walked[key] = self._walk(*key)
        way, folder = known
        if folder is None:
            return way
        offered = self.children.get(folder)
        if not offered or offered.isdisjoint(statement.names):
            return way
        return way + [
            path for name in statement.names if name in offered for path in self._at(folder, name)
        ]

    def _walk(self, folder: str, module: str) -> tuple[list[str], str | None]:
        """What runs on the way to `module`, and the folder whose modules it offers, if any."""
        found: list[str] = []
        for part in module.split(".") if module else ():
            here = self._at(folder, part)
            found += here
            folder = f"{folder}{part}/"
            # A module hides a folder of its name, and what is not there offers nothing.
            if here and not any(path in self._gone or "/__init__" in path for path in here):
                return found, None
            if folder not in self.children:
                return found, None
        return found, folder

    def _at(self, folder: str, name: str) -> list[str]:
        """The package or the module `name` in `folder`; a package that is gone hides nothing."""
        package = self.files.get(f"{folder}{name}/__init__.py")
        module = self.files.get(f"{folder}{name}.py")
        if package and (package not in self._gone or not module):
            return [package]
        return [path for path in (package, module) if path]
