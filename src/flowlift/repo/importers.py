"""Who imports a file, found backwards and as lazily as can be.

A file that imports another holds a word of its name, and looking for a word in five thousand files
takes ten milliseconds where reading their imports takes three hundred. So only files that hold one
of the words are read, until the words become so many that reading all is quicker.
"""

from __future__ import annotations

import errno
import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from flowlift.repo import imports
from flowlift.repo.imports import ANYTHING, Import
from flowlift.repo.modules import Modules, folder_of

MOST_WORDS = 10
"""So many words are searched for one by one, before all files are read instead."""

Reach = Mapping[str, str | None]
"""From a file to the next one on a shortest way to what was asked for, which has None."""


class Importers:
    """The import graph of a work tree, turned round and built as far as it is asked for.

    Args:
        root: the top of the work tree.
        modules: its Python files.
        shared: the roots that every process imports from.
        scripts: those that only some do: the folder of a script, and the working directory.
    """

    def __init__(
        self,
        root: Path,
        modules: Modules,
        shared: Collection[str],
        scripts: Iterable[tuple[str, ...]],
    ) -> None:
        self._modules = modules
        self._scripts = frozenset(scripts)
        self._folders = {folder for pair in self._scripts for folder in pair} - set(shared)
        self._roots: defaultdict[str, list[str]] = defaultdict(list)
        for base in shared:
            for top in modules.tops(base):
                self._roots[top].append(base)
        self._local_tops = {top for base in self._folders for top in modules.tops(base)}
        self._importers: defaultdict[str, list[str]] = defaultdict(list)
        self._local: defaultdict[str, dict[Import, list[str]]] = defaultdict(dict)
        self._absolute: dict[Import, tuple[tuple[str, ...], str]] = {}
        self._known: dict[tuple[Import, str], tuple[str, ...]] = {}
        self._imports: dict[str, tuple[str, ...]] = {}
        self._bare: defaultdict[str, list[Import]] = defaultdict(list)
        self._searched: set[bytes] = set()
        self.unknown: dict[str, str] = {}
        """Files that were read and import what nobody can tell, with the reason in words."""
        self.computed: dict[str, tuple[str, ...]] = {}
        """For each of those, the prefixes of the names it imports; `ANYTHING` has every name."""
        self._unread = self._load(root)
        for path, source in list(self._unread.items()):
            loader = imports.has_loader(source)
            if loader or _lists_a_folder(path, source):
                self._read(path, loader=loader)

    def upstream(self, targets: Iterable[str]) -> dict[str, str | None]:
        """Every file that imports one of `targets`, directly or not, and they themselves.

        Only imports from the shared roots are followed; see `within` for the others.
        """
        reach: dict[str, str | None] = dict.fromkeys(targets)
        self._spread(reach, list(reach), ())
        return reach

    def downstream(self, file: str, folders: Collection[str]) -> Iterator[str]:
        """The files that `file` imports directly, in a process that imports from `folders` too."""
        if file in self._unread:
            self._read(file)
        yield from self._imports.get(file, ())
        for statement in self._bare.get(file, ()):
            for folder in folders:
                if folder in self._folders:
                    yield from self._modules.imported(statement, "", (folder,))

    def near(self, reach: Reach) -> dict[str, list[str]]:
        """The files of `reach` by the scripts' folder and working directory that they lie in."""
        found: dict[str, list[str]] = {}
        for file in reach if self._folders else ():
            for path in self._modules.paths(file):
                end = path.rfind("/")
                while end >= 0:
                    if path[: end + 1] in self._folders:
                        found.setdefault(path[: end + 1], []).append(file)
                    end = path.rfind("/", 0, end)
        return found

    def within(
        self, reach: Reach, near: Mapping[str, list[str]], folders: Collection[str]
    ) -> Reach:
        """`reach` as it is in a process that imports from `folders` as well."""
        local = [folder for folder in folders if folder in near]
        if not local:
            return reach
        wider = dict(reach)
        self._spread(wider, [file for folder in local for file in near[folder]], local)
        return wider

    def _spread(
        self, reach: dict[str, str | None], frontier: list[str], folders: Collection[str]
    ) -> None:
        while frontier:
            self._read_mentions(frontier)
            further: list[str] = []
            for target in frontier:
                for file in self._who_imports(target, folders):
                    if file not in reach:
                        reach[file] = target
                        further.append(file)
            frontier = further

    def _who_imports(self, target: str, folders: Collection[str]) -> Iterable[str]:
        yield from self._importers.get(target, ())
        for path in self._modules.paths(target) if folders else ():
            for folder in folders:
                if path.startswith(folder):
                    top = path[len(folder) :].split("/", 1)[0].removesuffix(".py")
                    for statement, files in self._local.get(top, {}).items():
                        if target in self._modules.imported(statement, "", (folder,)):
                            yield from files

    def _read_mentions(self, targets: Iterable[str]) -> None:
        """Read every file that may import one of `targets`."""
        if not self._unread:
            return
        words = {word for target in targets for word in self._modules.words(target)}
        words -= self._searched
        self._searched |= words
        if len(self._searched) > MOST_WORDS or any(not word.isascii() for word in words):
            found = list(self._unread)
        else:
            found = [
                path
                for path, source in self._unread.items()
                if any(word in source for word in words)
            ]
        for path in found:
            self._read(path)

    def _read(self, path: str, *, loader: bool = False) -> None:
        source = self._unread.pop(path)
        read = imports.read(source, loader=loader)
        if read.broken:
            self.unknown[path] = f"{path} could not be read ({read.broken})"
            self.computed[path] = (ANYTHING,)
        elif read.computed:
            self.unknown[path] = f"{path} imports by a computed name"
            self.computed[path] = read.computed
        targets: list[str] = []
        for statement in read.statements:
            if statement.level:
                targets += self._relative(statement, path)
                continue
            known = self._absolute.get(statement)
            if known is None:
                known = self._absolute[statement] = self._look_up(statement)
            found, top = known
            targets += found
            if top:
                self._local[top].setdefault(statement, []).append(path)
                self._bare[path].append(statement)
        for end in read.files:
            targets += self._ending(end)
        targets += self._offered(path, source)
        self._add(path, [target for target in dict.fromkeys(targets) if target != path])

    def _add(self, path: str, targets: Collection[str]) -> None:
        self._imports[path] = (*self._imports.get(path, ()), *targets)
        for target in targets:
            self._importers[target].append(path)

    def _look_up(self, statement: Import) -> tuple[tuple[str, ...], str]:
        """What `statement` means from the shared roots, and its top if it may mean more."""
        top = statement.module.partition(".")[0]
        found = self._modules.imported(statement, "", self._roots.get(top, ()))
        return found, top if top in self._local_tops else ""

    def _relative(self, statement: Import, file: str) -> tuple[str, ...]:
        folder = folder_of(file)
        key = (statement, folder)
        found = self._known.get(key)
        if found is None:
            found = self._modules.imported(statement, file, ())
            if not found and statement.level == 1:
                # Prefect loads a script as if it were a package of its folder's modules and of
                # those in the working directory.
                bare = statement._replace(level=0)
                beside = [pair[1] for pair in self._scripts if pair[0] == folder and pair[1:]]
                found = self._modules.imported(bare, "", beside)
            self._known[key] = found
        return found

    def _ending(self, end: str) -> list[str]:
        """The files that a path written in the code may mean."""
        tidy = "/" + end.replace("\\", "/").lstrip("./")
        return [path for path in self._modules.files if f"/{path}".endswith(tidy)]

    def _offered(self, path: str, source: bytes) -> list[str]:
        """The modules that `from package import *` would load, as `__all__` names them."""
        if not path.endswith("__init__.py") or b"__all__" not in source:
            return []
        folder = folder_of(path)
        names: Iterable[str] = self._modules.children.get(folder, ())
        if not _lists_a_folder(path, source):
            names = [
                name
                for name in names
                if f'"{name}"'.encode() in source or f"'{name}'".encode() in source
            ]
        return [
            found
            for name in names
            for found in self._modules.imported(Import(1, "", (name,)), path, ())
        ]

    def _load(self, root: Path) -> dict[str, bytes]:
        """The bytes of all files. A symbolic link imports, as it were, what it points to."""
        sources: dict[str, bytes] = {}
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        top = f"{root}/"
        for path in self._modules.present():
            try:
                handle = os.open(top + path, flags)
                try:
                    size = os.fstat(handle).st_size
                    sources[path] = os.read(handle, size + 1)
                finally:
                    os.close(handle)
            except OSError as error:
                if error.errno == errno.ELOOP and (target := _linked(root, path)):
                    self._add(path, [target])
                    sources[path] = (root / path).read_bytes()
                else:
                    self.unknown[path] = f"{path} could not be read ({error.strerror})"
                    self.computed[path] = (ANYTHING,)
        return sources


def _linked(root: Path, path: str) -> str | None:
    """Where a symbolic link leads, as a path of the repository; None where it leads out of it."""
    top, target = root.resolve(), (root / path).resolve()
    if not target.is_file() or not target.is_relative_to(top):
        return None
    return target.relative_to(top).as_posix()


def _lists_a_folder(path: str, source: bytes) -> bool:
    """Whether a package offers, by `__all__`, whatever modules lie in its folder."""
    return (
        path.endswith("__init__.py")
        and b"__all__" in source
        and any(word in source for word in (b"listdir", b"glob", b"iterdir", b"iter_modules"))
    )
