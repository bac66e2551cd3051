"""Changed files that a deployment's entry names: scripts, requirements, Dockerfiles, data."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from flowlift.plan.model import Declared, Reason, Steps
from flowlift.repo.modules import folder_of

Reader = Callable[[str], bytes | None]
_Found = tuple[str, Reason]

_TEMPLATE = re.compile(r"\{\{.*?\}\}|\$\{?\w+\}?", re.DOTALL)
_BETWEEN_WORDS = re.compile(r"[\s\"'`;&|<>()=,]+")
_INCLUDE = re.compile(r"^\s*(?:-r|--requirement|-c|--constraint)[\s=]*([^\s#]+)", re.MULTILINE)
# Files that a step reads where its inputs do not name one.
_DEFAULTS = {
    "pip_install_requirements": ("requirements_file", "requirements.txt"),
    "build_docker_image": ("dockerfile", "Dockerfile"),
}


class Named:
    """Finds, for one entry after the other, which of some files it names.

    Args:
        paths: the files that matter: those that changed, or all.
        read: gives the content of a file of the work tree, to follow requirements.
    """

    def __init__(self, paths: Collection[str], read: Reader) -> None:
        self._paths = frozenset(paths)
        self._names = {posixpath.basename(path) for path in paths}
        self._folders = {
            "/".join(path.split("/")[:end]): path
            for path in sorted(paths, reverse=True)
            for end in range(1, path.count("/") + 1)
        }
        self._read = read
        self._known: dict[tuple[int, str, str], list[_Found]] = {}

    def reasons(self, entry: Declared) -> list[Reason]:
        """Why the changed files matter to `entry`, steps first."""
        if not self._paths:
            return []
        found = [*self._steps(entry, "build", entry.build), *self._steps(entry, "push", entry.push)]
        found += self._steps(entry, "pull", entry.pull or ())
        found += self._values(entry)
        return list(dict.fromkeys(reason for _, reason in found))

    def at_run_time(self, entry: Declared) -> set[str]:
        """Those of the files that a run of `entry` reads: in its pull steps, or by its values."""
        found = [*self._steps(entry, "pull", entry.pull or ()), *self._values(entry)]
        return {path for path, _ in found}

    def _steps(self, entry: Declared, kind: str, steps: Steps) -> Iterator[_Found]:
        for step in steps:
            # Most entries share the steps of the top level, so each is looked at once.
            key = (id(step), kind, entry.root)
            if key not in self._known:
                self._known[key] = list(self._of_step(step, kind, entry.root))
            yield from self._known[key]

    def _values(self, entry: Declared) -> Iterator[_Found]:
        for where, text in _texts(entry.data, ""):
            if where.split("[")[0].split(".")[0] in ("build", "push", "pull", "entrypoint"):
                continue
            for path in self._meant(text.strip(), ("", entry.root)):
                yield path, Reason(kind="could not tell", detail=f"{path}: named by {where}")

    def _of_step(self, step: Mapping[str, Any], kind: str, root: str) -> Iterator[_Found]:
        for function, given in step.items():
            inputs = given if isinstance(given, Mapping) else {}
            short = str(function).rpartition(".")[2]
            who = f"{kind} step {short}"
            folder = _tidy(str(inputs.get("directory") or ""))
            bases = list(dict.fromkeys((folder, posixpath.join(root, folder), root, "")))
            words = [word for _, text in _texts(inputs, "") for word in _words(text)]
            option, default = _DEFAULTS.get(short, ("", ""))
            if default and not inputs.get(option):
                words.append(default)
            for word in dict.fromkeys(words):
                for path in self._meant(word, bases):
                    yield path, Reason(kind="source", detail=f"{path} -> {who}")
                if short == "pip_install_requirements":
                    for chain in self._included(word, bases):
                        yield chain[0], Reason(kind="source", detail=" -> ".join((*chain, who)))
            if short == "run_shell_script" and folder in self._folders:
                detail = f"{self._folders[folder]}: in the folder of the {who}"
                for path in self._paths:
                    if path.startswith(f"{folder}/"):
                        yield path, Reason(kind="could not tell", detail=detail)

    def _meant(self, text: str, bases: Iterable[str]) -> list[str]:
        """The changed files that `text` can mean as a path from one of `bases`."""
        if text[text.rfind("/") + 1 :] not in self._names:
            return []
        tidy = _tidy(text)
        if text.startswith("/"):
            # Somewhere on the worker; what follows the clone's folder is the path here.
            parts = tidy.split("/")
            possible = ["/".join(parts[at:]) for at in range(len(parts))]
        else:
            possible = [posixpath.normpath(posixpath.join(base, tidy)) for base in bases]
        return [path for path in dict.fromkeys(possible) if path in self._paths]

    def _included(self, word: str, bases: Iterable[str]) -> Iterator[tuple[str, ...]]:
        """Changed files that a requirements file takes in, with the files on the way."""
        todo: list[tuple[str, ...]] = [
            (posixpath.normpath(posixpath.join(base, _tidy(word))),) for base in bases
        ]
        seen: set[str] = set()
        while todo:
            chain = todo.pop()
            if chain[0] in seen or chain[0].startswith(".."):
                continue
            seen.add(chain[0])
            content = self._read(chain[0]) or b""
            for name in _INCLUDE.findall(content.decode(errors="replace")):
                further = posixpath.normpath(folder_of(chain[0]) + name)
                if further in self._paths:
                    yield (further, *chain)
                todo.append((further, *chain))


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every text in a value, with the path to it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _texts(inner, f"{path}[{at}]")


def _words(text: str) -> list[str]:
    return [word for word in _BETWEEN_WORDS.split(_TEMPLATE.sub("", text)) if word]


def _tidy(path: str) -> str:
    """A path without templates and variables, from the folder that they stand for."""
    plain = posixpath.normpath(_TEMPLATE.sub("", path).strip().lstrip("/") or ".")
    return "" if plain == "." else plain
