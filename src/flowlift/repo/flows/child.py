"""Read flows by running their code: the program that another interpreter is given.

It is run as a script by the interpreter that has the flows' packages, which need not have
flowlift: only the standard library and Prefect are imported, and the syntax is that of the oldest
Python that Prefect 3 runs on.

In: one JSON object on the standard input, `{"repository", "sources", "entrypoints"}`, each
entrypoint `{"folder", "text", "file", "module", "parts"}` with absolute paths. Out: a line of JSON
for each, in their order, on what was the standard output; the code that is run gets another one,
where it may print.
"""

# Paths are texts, as in sys.path; Prefect is imported by those functions that use it.
# ruff: noqa: PTH100, PTH113, PTH118, PTH120

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import inspect
import json
import os
import sys
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowlift.repo.flows import pieces as piecewise

HERE = os.path.dirname(os.path.abspath(__file__))

Answer = dict[str, Any]


def main() -> None:
    """Answer what is asked on the standard input."""
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != HERE]
    sys.argv[1:] = []
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    request = json.load(sys.stdin)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    answers.write(json.dumps({"prefect": importlib.import_module("prefect").__version__}) + "\n")
    answers.flush()
    repository = OwnFiles(request["repository"])
    watched = Watched(repository)
    path = Path(repository, request["sources"])
    for entrypoint in request["entrypoints"]:
        try:
            path.enter(entrypoint)
            answer = read(entrypoint)
            answer["files"] = watched.files()
        except BaseException as error:
            answer = {"failed": f"its code cannot be run: {type(error).__name__}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    # Threads that the code has started do not keep this process.
    os._exit(0)


class OwnFiles:
    """Which files are the repository's own, and not of an interpreter that lies within it."""

    def __init__(self, root: str) -> None:
        self.root = os.path.join(os.path.realpath(root), "")
        installed = (sys.prefix, sys.base_prefix)
        self._without = tuple(os.path.join(os.path.realpath(path), "") for path in installed)
        self._names: dict[str, str | None] = {}

    def name(self, file: Any) -> str | None:
        """A file's path within the repository, None for all others."""
        if not isinstance(file, str):
            return None
        if file not in self._names:
            real = os.path.realpath(file)
            inside = real.startswith(self.root) and not real.startswith(self._without)
            self._names[file] = real[len(self.root) :].replace(os.sep, "/") if inside else None
        return self._names[file]


class Watched:
    """The repository's files that were opened or imported, so that a change of one is noticed."""

    def __init__(self, repository: OwnFiles) -> None:
        self._repository = repository
        self._opened: set[str] = set()
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], (str, os.PathLike)):
            try:
                self._opened.add(os.path.abspath(os.fsdecode(arguments[0])))
            except (OSError, ValueError):
                return  # The working directory is gone: nothing of the repository is opened.

    def files(self) -> list[str]:
        """Their paths, relative to the repository."""
        modules = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
        names = {self._repository.name(file) for file in [*modules, *list(self._opened)]}
        return sorted(
            name
            for name in names
            if name
            and "__pycache__" not in name
            and os.path.isfile(os.path.join(self._repository.root, name))
        )


class Path:
    """`sys.path` and the working directory as Prefect has them for one entrypoint.

    Two entrypoints may mean two different modules by one name, so what the next one would find
    elsewhere is forgotten. What it would find in the same place is kept: importing a module twice
    is not what modules are written for.
    """

    def __init__(self, repository: OwnFiles, sources: list[str]) -> None:
        self._repository = repository
        self._sources = sources
        self._first = list(sys.path)
        self._now: tuple[str, str] | None = None

    def enter(self, entrypoint: Answer) -> None:
        """Go to where `entrypoint` is read."""
        folder = entrypoint["folder"]
        script = None if entrypoint["module"] else entrypoint["file"]
        parent = os.path.dirname(script) if script else folder
        bases = (folder, self._repository.root)
        last = [os.path.join(base, source) for source in self._sources for base in bases]
        os.chdir(folder)
        sys.path[:] = [*self._first, *dict.fromkeys(map(os.path.normpath, last))]
        if self._now not in (None, (folder, parent)):
            self._forget([parent, folder, *sys.path])
        self._now = (folder, parent)

    def _forget(self, path: list[str]) -> None:
        importlib.invalidate_caches()
        homes: dict[str, list[str]] = {}
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            # A package without a file follows sys.path by itself, but keeps its old members.
            marks = [file] if file else list(getattr(module, "__path__", ()))
            if name == "__main__" or not any(map(self._repository.name, marks)):
                continue
            top = name.partition(".")[0]
            if top not in homes:
                homes[top] = _homes(importlib.machinery.PathFinder.find_spec(top, path))
            if not file or not any(f"{file}{os.sep}".startswith(home) for home in homes[top]):
                del sys.modules[name]


def _homes(spec: importlib.machinery.ModuleSpec | None) -> list[str]:
    """The file of a module or the folders of a package, each with a slash at its end."""
    if spec is None:
        return []
    folders = spec.submodule_search_locations
    return [
        os.path.join(home, "") for home in ([spec.origin or ""] if folders is None else folders)
    ]


def read(entrypoint: Answer) -> Answer:
    """The flow behind an entrypoint: by Prefect itself, else piece by piece."""
    from prefect.exceptions import MissingFlowError
    from prefect.flows import load_flow_from_entrypoint

    try:
        flow: Any = load_flow_from_entrypoint(entrypoint["text"], use_placeholder_flow=False)
        return described(flow, [])
    except MissingFlowError as error:
        failure = error.__cause__
        if failure is None:
            return _refused("not-a-flow", "it is not a flow")
        if not _in_users_code(failure.__traceback__):
            return _refused("missing-function", "there is nothing of that name")
    except BaseException as error:
        failure = getattr(error, "user_exc", None) or error
    return _pieced(entrypoint, failure)


def _pieced(entrypoint: Answer, failure: BaseException) -> Answer:
    pieces = _beside("pieces")
    if not entrypoint["file"]:
        return _refused("missing-file", pieces.words(failure))
    found: piecewise.Pieces | None = None
    try:
        found = pieces.Pieces(entrypoint["file"], entrypoint["module"], entrypoint["parts"])
        answer = described(found.flow(), found.unread)
    except pieces.NoFlowError as refused:
        answer = _refused(refused.kind, refused.why, refused.line)
    except SyntaxError as error:
        answer = _refused("syntax-error", error.msg or "invalid syntax", error.lineno or 0)
    except BaseException as error:
        answer = _refused("malformed", pieces.words(error))
    if found is not None:
        found.forget()
    absent = {failure.name} if isinstance(failure, ModuleNotFoundError) and failure.name else set()
    answer["absent"] = sorted(absent | (found.absent if found else set()))
    answer["failure"] = pieces.words(failure)
    return answer


def _beside(name: str) -> Any:
    """A module from this folder, under a name that no user's module has."""
    known = f"_flowlift_{name}"
    if known not in sys.modules:
        file = os.path.join(HERE, f"{name}.py")
        loader = importlib.machinery.SourceFileLoader(known, file)
        spec = importlib.util.spec_from_loader(known, loader)
        sys.modules[known] = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
        loader.exec_module(sys.modules[known])
    return sys.modules[known]


def _refused(kind: str, why: str, line: int = 0) -> Answer:
    return {"unreadable": kind, "why": why, "line": line}


def _in_users_code(trace: TracebackType | None) -> bool:
    """Whether an error comes from the code that was imported, and not from Prefect's look-up."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    names = trace.tb_frame.f_globals if trace else {}
    return str(names.get("__name__")).partition(".")[0] not in ("prefect", "None")


def described(flow: Any, unread: Iterable[str]) -> Answer:
    """What Prefect would register of a flow."""
    from prefect.utilities.callables import parameter_schema
    from prefect.utilities.hashing import file_hash

    function = inspect.unwrap(flow.fn)
    code = getattr(function, "__code__", None)
    version = flow.version
    try:
        # Without a version of its own a flow has the digest of its file as one.
        if version == file_hash(str(inspect.getsourcefile(flow.fn))):
            version = None
    except (OSError, TypeError):
        version = str(version)  # There is no file, so the version is its own.
    return {
        "name": flow.name,
        "schema": parameter_schema(flow).model_dump(mode="json", exclude_unset=True),
        "description": flow.description or None,
        "version": None if version is None else str(version),
        "file": getattr(code, "co_filename", None),
        "line": getattr(code, "co_firstlineno", 0),
        "unread": [*unread, *_dropped(flow)],
    }


def _dropped(flow: Any) -> list[str]:
    """The annotations that Prefect drops silently, as one name of the signature is not there."""
    try:
        inspect.signature(flow, eval_str=True)
    except (NameError, TypeError) as error:
        why = _beside("pieces").words(error)
        return [
            f"parameter `{name}`: `{parameter.annotation}` could not be read: {why},"
            " so that Prefect registers no type"
            for name, parameter in inspect.signature(flow).parameters.items()
            if isinstance(parameter.annotation, str) and not _evaluates(parameter.annotation)
        ]
    return []


def _evaluates(annotation: str) -> bool:
    """Whether pydantic can make something of a text alone, where Prefect hands it one."""
    import typing

    import pydantic

    try:
        eval(annotation, {"typing": typing, "t": typing, "pydantic": pydantic})  # noqa: S307
    except Exception:
        return False
    return True


if __name__ == "__main__":
    main()
