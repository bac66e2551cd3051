"""What a deployment's code is made of, as a digest: the same while nothing that it reaches changes.

`closure` asks who is reached by a change; here the same ways are followed from the other end, from
the code of an entrypoint to everything that it reaches. No history is needed for that, so that a
shallow clone is enough. Whatever a change of which `closure` counts is in the digest as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from flowlift.plan.model import Declared
from flowlift.repo.closure import (
    PROJECT_FILES,
    TOOL_MODULES,
    Start,
    fits,
    is_bookkeeping,
    is_test,
    start_of,
)
from flowlift.repo.differences import run_time
from flowlift.repo.entrypoint import Entrypoint
from flowlift.repo.garbage import uncollected
from flowlift.repo.git import Repository
from flowlift.repo.importers import Importers
from flowlift.repo.mentioned import Named
from flowlift.repo.modules import Modules, folder_of, search_roots

_SUBMODULE, _LINK = "160000 ", "120000 "
_RULES = "1"
"""What is followed, and how: another number where that changes, as all digests do then."""


class SourceTree:
    """The files of a repository at one commit, and what each entrypoint reaches of them.

    Args:
        root: where the files of the commit are.
        blobs: what each path is and holds, as `Repository.blobs` has it.
        sources: folders whose modules are imported by name; see `modules.search_roots`.
        entrypoints: those that are asked about.
    """

    def __init__(
        self,
        root: Path,
        blobs: Mapping[str, str],
        sources: Sequence[str],
        entrypoints: Iterable[Entrypoint],
    ) -> None:
        self._root = root
        self._blobs = blobs
        self._modules = Modules(root, list(blobs), ())
        self._shared = search_roots(list(blobs), sources)
        self._starts = {e: start_of(e, self._modules, self._shared) for e in entrypoints}
        scripts = {start.folders for start in self._starts.values()}
        self._importers = Importers(root, self._modules, self._shared, scripts)
        self._files: dict[Entrypoint, frozenset[str]] = {}

    def digests(self, declared: Sequence[Declared]) -> list[str]:
        """For each entry, a digest of all files that a run of it may read."""
        named = Named(list(self._blobs), self._read)
        known: dict[tuple[frozenset[str], frozenset[str]], str] = {}
        found = []
        for entry in declared:
            key = (self.files(Entrypoint.of(entry)), frozenset(named.at_run_time(entry)))
            if key not in known:
                known[key] = self._digest(key[0] | key[1])
            found.append(known[key])
        return found

    def files(self, entry: Entrypoint) -> frozenset[str]:
        """Every path whose change would reach `entry`."""
        if entry not in self._files:
            code = self._code(self._starts[entry])
            around = self._around(code)
            self._files[entry] = frozenset((*code, *around, *self._everybodys))
        return self._files[entry]

    def _code(self, start: Start) -> set[str]:
        """The Python files that are imported from `start`, and those that may be."""
        if not start.files:
            return set(self._named)
        found = set(start.files)
        todo = list(start.files)
        while todo:
            file = todo.pop()
            further = [*self._importers.downstream(file, start.folders), *self._maybe(file)]
            new = set(further) - found
            found |= new
            todo += new
        return found

    def _maybe(self, file: str) -> Iterable[str]:
        """What `file` may import by a name that only running tells."""
        computed = self._importers.computed.get(file)
        if computed is None:
            return ()
        return [p for p in self._named if p != file and fits(p, computed, self._bases)]

    @cached_property
    def _bases(self) -> Collection[str]:
        folders = (folder for start in self._starts.values() for folder in start.folders)
        return {*self._shared, *folders}

    @cached_property
    def _named(self) -> Sequence[str]:
        """Files that may be imported by a computed name."""
        return [path for path in self._modules.present() if not is_test(path)]

    def _around(self, code: Collection[str]) -> Iterable[str]:
        """Data beside the code, and what says which packages it runs with."""
        above = {""}
        for path in code:
            folder = folder_of(path)
            while folder and folder not in above:
                above.add(folder)
                folder = folder_of(folder[:-1])
        for folder, paths in self._beside.items():
            if folder in above:
                yield from paths

    @cached_property
    def _beside(self) -> Mapping[str, Sequence[str]]:
        """Files that are no code, by the folder of code that they lie in."""
        present = list(self._modules.present())
        with_code = {
            folder_of(path) for path in present if path.rpartition("/")[2] not in TOOL_MODULES
        }
        beside: dict[str, list[str]] = {}
        for path in self._blobs:
            folder: str | None = folder_of(path)
            if path.rpartition("/")[2] in PROJECT_FILES:
                beside.setdefault(folder or "", []).append(path)
            if path in self._modules.files or is_bookkeeping(path):
                continue
            while folder is not None and folder not in with_code:
                folder = folder_of(folder[:-1]) if folder else None
            if folder is not None:
                beside.setdefault(folder, []).append(path)
        return beside

    @cached_property
    def _everybodys(self) -> Sequence[str]:
        """Repositories within this one, and linked folders: nobody knows what is read of them."""
        return [
            path
            for path, said in self._blobs.items()
            if said.startswith(_SUBMODULE)
            or (said.startswith(_LINK) and (self._root / path).is_dir())
        ]

    def _digest(self, paths: Iterable[str]) -> str:
        made = hashlib.sha256(_RULES.encode())
        for path in sorted(paths):
            made.update(f"{path}\0{self._content(path)}\n".encode("utf-8", "surrogateescape"))
        return made.hexdigest()[:12]

    def _content(self, path: str) -> str:
        """What `path` holds, as far as running code can notice it."""
        if path.rpartition("/")[2] == "pyproject.toml":
            said = run_time(self._read(path))
            if said is not None:
                return json.dumps(said, sort_keys=True, default=str)
        return self._blobs.get(path, "")

    def _read(self, path: str) -> bytes | None:
        file = self._root / path
        return file.read_bytes() if path in self._blobs and file.is_file() else None


@uncollected()
def source_digests(
    repository: Repository,
    root: Path,
    commit: str,
    sources: Sequence[str],
    declared: Sequence[Declared],
) -> list[str]:
    """The digest of each entry's code at `commit`, whose files are in `root`.

    Raises:
        GitError: git does not know the commit.
    """
    tree = SourceTree(root, repository.blobs(commit), sources, map(Entrypoint.of, declared))
    return tree.digests(declared)
