"""From changed files to the entrypoints whose code they are part of.

The search goes backwards, from what changed to who imports it, and reads only files that hold one
of the names looked for. What cannot be told from the files alone (imports by a computed name, data
beside the code) counts as reached and says so: to skip a deployment that changed would be wrong,
to look at one that did not costs a moment.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from flowlift.plan.model import Reason, ReasonKind
from flowlift.repo.changed import Changed
from flowlift.repo.entrypoint import Entrypoint
from flowlift.repo.garbage import uncollected
from flowlift.repo.importers import Importers, Reach
from flowlift.repo.imports import Import
from flowlift.repo.modules import Modules, folder_of, search_roots
from flowlift.words import listed

MOST_CHAINS = 20
"""With more changed files than this, only the nearest is shown for each entrypoint."""

PROJECT_FILES = frozenset(
    {
        "pyproject.toml",
        "setup.cfg",
        "setup.py",
        "uv.lock",
        "poetry.lock",
        "pdm.lock",
        "Pipfile",
        "Pipfile.lock",
    }
)
"""Files that say which packages a project's code runs with: they reach all code below them."""

# Files that no running flow reads, so that they reach nothing, and folders of such.
_BOOKKEEPING = frozenset(
    {
        ".coveragerc",
        ".dockerignore",
        ".editorconfig",
        ".flake8",
        ".gitattributes",
        ".gitignore",
        ".gitlab-ci.yml",
        ".gitmodules",
        ".pre-commit-config.yaml",
        ".ruff.toml",
        "codeowners",
        "flowlift.toml",
        "mkdocs.yml",
        "mypy.ini",
        "py.typed",
        "pytest.ini",
        "ruff.toml",
        "tox.ini",
    }
)
_BOOKKEEPING_STEMS = frozenset(
    {"readme", "license", "licence", "changelog", "contributing", "notice"}
)
_BOOKKEEPING_FOLDERS = frozenset({".circleci", ".github", ".gitlab", ".idea", ".vscode"})
# Python files of tools: a folder is not one of code because such a file lies in it.
TOOL_MODULES = frozenset({"setup.py", "conftest.py", "noxfile.py"})


@uncollected()
def reached(
    root: Path,
    files: Sequence[str],
    entrypoints: Iterable[Entrypoint],
    changed: Changed,
    sources: Sequence[str],
) -> dict[Entrypoint, list[Reason]]:
    """The entrypoints that a change reaches, each with its reasons.

    A reason of kind "source" shows a shortest chain of imports from a changed file to the
    entrypoint's file. One of kind "could not tell" names the changed file and why it may matter:
    a file imports by a computed name or cannot be read, data beside the code, what a project
    installs.

    Args:
        root: the top of the work tree, which is what is read.
        files: every path of the repository as it stands now, without those that are deleted.
        entrypoints: what is asked about.
        changed: what changed since the base.
        sources: folders whose modules are imported by name; see `modules.search_roots`.
    """
    entries = list(dict.fromkeys(entrypoints))
    if not changed.paths or not entries:
        return {}
    paths = sorted(changed.paths)
    everything = [*files, *changed.gone]
    shared = search_roots(everything, sources)
    modules = Modules(root, everything, changed.gone)
    starts = {entry: start_of(entry, modules, shared) for entry in entries}
    scripts = {start.folders for start in starts.values()}
    search = _Search(starts, modules, Importers(root, modules, shared, scripts))
    python = [path for path in paths if path in modules.files]
    search.sources(python)
    search.unknown(python, {*shared, *(folder for pair in scripts for folder in pair)})
    search.data([path for path in paths if path not in modules.files], root)
    search.projects([path for path in paths if _name(path) in PROJECT_FILES])
    return search.reasons


class Start(NamedTuple):
    """Where the code of an entrypoint begins.

    `files` is what loading it runs first, its own file last; empty where that was not found.
    `folders` come before the shared roots on the path of its process: the script's folder and the
    working directory, each with a trailing slash or "".
    """

    files: tuple[str, ...]
    folders: tuple[str, ...]


def start_of(entry: Entrypoint, modules: Modules, shared: Collection[str]) -> Start:
    """Where the code of `entry` begins."""
    root = f"{entry.root.strip('/')}/" if entry.root.strip("/.") else ""
    if ".py:" in entry.text:
        path = posixpath.normpath(root + entry.text.rsplit(":", 1)[0])
        file = modules.files.get(path)
        return Start((file,) if file else (), (folder_of(path), root))
    separator = ":" if ":" in entry.text else "."
    module = entry.text.rpartition(separator)[0]
    found = modules.imported(Import(0, module), "", dict.fromkeys((root, *shared)))
    last = module.rpartition(".")[2]
    whole = found and found[-1].endswith((f"{last}.py", f"{last}/__init__.py"))
    return Start(found if whole else (), (root,))


class _Search:
    """Asks, kind by kind, which entrypoints a change reaches, and collects the reasons."""

    def __init__(
        self, starts: Mapping[Entrypoint, Start], modules: Modules, importers: Importers
    ) -> None:
        self.reasons: dict[Entrypoint, list[Reason]] = {}
        self._starts = starts
        self._modules = modules
        self._importers = importers

    def sources(self, changed: Sequence[str]) -> None:
        """Changed Python files, by the imports that lead to them."""
        rounds = [[path] for path in changed] if len(changed) <= MOST_CHAINS else [changed]
        for targets in rounds:
            for entry, chain in self._reaching(targets):
                self._add(entry, "source", " -> ".join(chain))

    def unknown(self, changed: Sequence[str], roots: Iterable[str]) -> None:
        """Changed Python files that a file may import without saying so."""
        bases = sorted(roots)
        # What tests are made of is not imported by name at run time.
        left = [path for path in changed if not is_test(path)]
        done: set[str] = set()
        # Looking for who imports one of them may read files that are another.
        while todo := sorted(self._importers.unknown.keys() - done):
            done.update(todo)
            alike: dict[tuple[str, ...], list[str]] = {}
            for file in todo:
                computed = self._importers.computed[file]
                maybe = [path for path in left if path != file and fits(path, computed, bases)]
                if maybe:
                    alike.setdefault(tuple(maybe), []).append(file)
            for possible, files in alike.items():
                for entry, chain in self._reaching(files):
                    why = self._importers.unknown[chain[0]]
                    self._add(entry, "could not tell", f"{listed(possible, 1)}: {why}")
        for entry, start in self._starts.items():
            if not start.files and left:
                why = f"the code of {entry.text!r} was not found"
                self._add(entry, "could not tell", f"{listed(left, 1)}: {why}")

    def data(self, changed: Sequence[str], root: Path) -> None:
        """Other changed files, by the code that they lie beside."""
        beside: dict[str, list[str]] = {}
        code = {
            folder_of(path) for path in self._modules.present() if _name(path) not in TOOL_MODULES
        }
        for path in changed:
            if (root / path).is_dir():
                for entry in self._starts:
                    self._add(entry, "could not tell", f"{path}: a repository within this one")
            elif not is_bookkeeping(path):
                folder: str | None = folder_of(path)
                while folder is not None and folder not in code:
                    folder = folder_of(folder[:-1]) if folder else None
                if folder is not None:
                    beside.setdefault(folder, []).append(path)
        groups = [([folder], paths) for folder, paths in beside.items()]
        if len(groups) > MOST_CHAINS:
            groups = [(list(beside), [path for paths in beside.values() for path in paths])]
        for folders, paths in groups:
            near = [file for folder in folders for file in self._modules.below(folder)]
            for entry, _ in self._reaching(near):
                self._add(entry, "could not tell", f"{listed(paths, 1)}: data beside the code")

    def projects(self, changed: Sequence[str]) -> None:
        """What says which packages are installed, by the code below it."""
        for path in changed:
            for entry, _ in self._reaching(self._modules.below(folder_of(path))):
                self._add(entry, "could not tell", path)

    def _reaching(self, targets: Iterable[str]) -> Iterator[tuple[Entrypoint, list[str]]]:
        """The entrypoints whose code has one of `targets`, with the chain from there."""
        reach: Reach = self._importers.upstream(targets)
        near = self._importers.near(reach)
        wider: dict[tuple[str, ...], Reach] = {}
        for entry, start in self._starts.items():
            found = reach
            if start.files and not any(file in reach for file in start.files):
                if start.folders not in wider:
                    wider[start.folders] = self._importers.within(reach, near, start.folders)
                found = wider[start.folders]
            chains = [_chain(found, file) for file in start.files if file in found]
            if chains:
                chain = min(chains, key=len)
                own = start.files[-1]
                yield entry, chain if chain[-1] == own else [*chain, own]

    def _add(self, entry: Entrypoint, kind: ReasonKind, detail: str) -> None:
        reasons = self.reasons.setdefault(entry, [])
        reason = Reason(kind=kind, detail=detail)
        if reason not in reasons:
            reasons.append(reason)


def _chain(reach: Reach, file: str) -> list[str]:
    chain = [file]
    while (further := reach[chain[-1]]) is not None:
        chain.append(further)
    return chain[::-1]


def fits(path: str, prefixes: Iterable[str], bases: Iterable[str]) -> bool:
    """Whether `path` can be a module whose name starts with one of `prefixes`."""
    for prefix in prefixes:
        folder = prefix.replace(".", "/")
        if any(path.startswith(base + folder) for base in bases):
            return True
    return False


def is_test(path: str) -> bool:
    """Whether a file is one of tests or tools, which no running flow imports by name."""
    name = _name(path)
    return (
        not {"test", "tests"}.isdisjoint(path.split("/")[:-1])
        or name.startswith("test_")
        or name.endswith("_test.py")
        or name in TOOL_MODULES
    )


def is_bookkeeping(path: str) -> bool:
    """Whether no running flow reads a file."""
    name = _name(path).lower()
    return (
        name in _BOOKKEEPING
        or name.endswith(".pyi")
        or name.partition(".")[0] in _BOOKKEEPING_STEMS
        or _name(path) in PROJECT_FILES
        or path.partition("/")[0] in _BOOKKEEPING_FOLDERS
    )


def _name(path: str) -> str:
    return path[path.rfind("/") + 1 :]
