"""Read what the code behind a repository's entrypoints says: the cache, the source, the code."""

from __future__ import annotations

import contextlib
import hashlib
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

from flowlift.errors import Position
from flowlift.plan.model import Flow
from flowlift.repo.entrypoint import (
    Entrypoint,
    Kind,
    Place,
    Unreadable,
    bases,
    find_module,
    locate,
)
from flowlift.repo.flows import interpreter
from flowlift.repo.flows.cache import Store
from flowlift.repo.flows.module import ImportedName, Module, NotStatic
from flowlift.repo.flows.running import Answer, WantedFlow, run
from flowlift.repo.garbage import uncollected

if TYPE_CHECKING:
    from flowlift.repo.flows.definition import Definition

_REMEDY = (
    "Set `python` in [tool.flowlift] to the interpreter that has the flows' packages,"
    " or install them beside flowlift[prefect]."
)
_DECORATE = "Decorate it with `@flow` (from prefect import flow)."
_DEEPEST = 10
"""How many modules are followed from one that only imports the flow."""


def read_flows(
    root: Path,
    entrypoints: Iterable[Entrypoint],
    *,
    sources: Sequence[str] = ("src",),
    python: str | None = None,
    cache: Path | None = None,
) -> dict[Entrypoint, Flow | Unreadable]:
    """What the code behind each entrypoint of the repository at `root` says.

    A flow is read from its source wherever that tells name and parameters exactly. The code of
    the others is run, in a process of its own without secrets, by the interpreter that has their
    packages (`python`, see `find_python`). What cannot be had in either way is said in
    `Flow.unread`. A user's code never raises here.

    Args:
        root: the repository's top folder.
        entrypoints: they may repeat.
        sources: folders of packages, seen from `root` and from the entrypoint's own root.
        python: the interpreter that has the flows' packages.
        cache: the folder to keep and find in what was read before, such as `default_cache()`;
            None for none.

    Raises:
        ConfigError: code has to be run, and `python` names no program.
    """
    wanted = list(dict.fromkeys(entrypoints))
    found = _Reading(root.absolute(), sources, python, cache).read(wanted)
    return {entrypoint: found[entrypoint] for entrypoint in wanted}


class _Reading:
    """One reading: each file is read and parsed once, however many entrypoints it has."""

    def __init__(
        self, root: Path, sources: Sequence[str], python: str | None, cache: Path | None
    ) -> None:
        self._root = root
        self._sources = sources
        self._asked_python = python
        self._contents: dict[str, bytes | None] = {}
        self._digests: dict[str, str | None] = {}
        self._modules: dict[tuple[str, bool], Module | Unreadable] = {}
        self._store = Store(cache, root, self._digest)

    def read(self, entrypoints: Iterable[Entrypoint]) -> dict[Entrypoint, Flow | Unreadable]:
        found: dict[Entrypoint, Flow | Unreadable] = {}
        pending: list[WantedFlow] = []
        with uncollected():
            for entrypoint in entrypoints:
                place = locate(self._root, entrypoint, self._sources)
                if isinstance(place, Unreadable):
                    found[entrypoint] = place
                    continue
                known = self._store.get(entrypoint, place.file, lambda: self._fingerprint)
                try:
                    found[entrypoint] = known or self._static(entrypoint, place)
                except NotStatic:
                    pending.append(WantedFlow(entrypoint, place))
            if not pending:
                # Let go of all syntax trees at once, before Python looks for garbage again.
                self._modules.clear()
        if pending:
            found.update(self._by_running(pending))
        self._store.save()
        return found

    @cached_property
    def _python(self) -> str | None:
        return interpreter.find_python(self._root, self._asked_python)

    @cached_property
    def _fingerprint(self) -> str:
        return interpreter.fingerprint(self._python)

    # From the source ---------------------------------------------------------------------

    def _static(self, entrypoint: Entrypoint, place: Place) -> Flow | Unreadable:
        # Imported late, as it brings pydantic's model maker: a warm cache needs none of it.
        from flowlift.repo.flows import static

        found, files = self._definition(entrypoint, place)
        flow = found if isinstance(found, Unreadable) else static.read(found)
        if isinstance(flow, Flow):
            marks = {file: self._digest(file) for file in files}
            self._store.put(entrypoint, place.file, flow, marks)
        return flow

    def _definition(
        self, entrypoint: Entrypoint, place: Place
    ) -> tuple[Definition | Unreadable, list[str]]:
        """The flow's definition, and the files that lead to it."""
        from flowlift.repo.flows import definition

        files: list[str] = []
        for module, parts in self._followed(entrypoint, place):
            files.append(module.file)
            found = definition.find(module, parts)
            if not isinstance(found, definition.Elsewhere):
                return found, files
        if place.file is None:
            raise NotStatic("its module is not in the repository")
        return self._broken(cast(Unreadable, self._module(place))), files

    def _followed(
        self, entrypoint: Entrypoint, place: Place
    ) -> Iterator[tuple[Module, tuple[str, ...]]]:
        """The module of an entrypoint, and those that it imports the flow from.

        Raises:
            NotStatic: it cannot be followed further.
        """
        for _ in range(_DEEPEST):
            module = self._parsed(place)
            if module is None:
                return
            yield module, place.parts
            imported = module.binding(place.parts[0])
            if not isinstance(imported, ImportedName):
                return
            place = self._origin(entrypoint, place, module, imported)

    def _origin(
        self, entrypoint: Entrypoint, place: Place, module: Module, imported: ImportedName
    ) -> Place:
        """Where an imported name comes from."""
        if imported.attribute is None:
            raise NotStatic(f"`{imported.module}` has to be imported")
        folder = posixpath.dirname(module.file)
        if imported.level:
            if module.script and imported.level > 1:
                raise NotStatic("it is imported from beyond the script's folder")
            for _ in range(imported.level - 1):
                folder = posixpath.dirname(folder)
            folders = [folder]
        else:
            folders = [folder] if module.script else []
            folders += bases(entrypoint.root, self._sources)
        dotted = imported.module or imported.attribute
        file = find_module(self._root, dotted, folders) if imported.module else None
        if file is None:
            raise NotStatic(f"`{dotted}` has to be imported")
        return Place(file, (imported.attribute, *place.parts[1:]), dotted)

    def _broken(self, trouble: Unreadable) -> Unreadable:
        """A file that this Python cannot read may be one that the flows' Python can."""
        if self._python is not None and not interpreter.is_our_own(self._python):
            raise NotStatic(trouble.message)
        return trouble

    # By running the code -----------------------------------------------------------------

    def _by_running(self, pending: Sequence[WantedFlow]) -> dict[Entrypoint, Flow | Unreadable]:
        asked = self._asked_for(pending)
        if self._python is None:
            why = "no interpreter with Prefect was found to run its code"
            answers: list[Answer] = [{"failed": why}] * len(pending)
        else:
            answers = run(
                self._python,
                self._root,
                pending,
                sources=self._sources,
                asked=asked,
            )
        return {
            one.entrypoint: self._answered(one, answer, asked)
            for one, answer in zip(pending, answers, strict=True)
        }

    def _answered(self, one: WantedFlow, answer: Answer, asked: Iterable[str]) -> Flow | Unreadable:
        if "failed" in answer:
            return self._roughly(one, answer["failed"])
        found = self._refused(one, answer) if "unreadable" in answer else self._flow(one, answer)
        files = self._files(one, answer)
        if files is not None:
            self._keep(one, found, files, asked)
        return found

    def _keep(
        self,
        one: WantedFlow,
        found: Flow | Unreadable,
        files: Mapping[str, str | None],
        asked: Iterable[str],
    ) -> None:
        by, file = self._fingerprint, one.place.file
        self._store.put(one.entrypoint, file, found, files, by=by, asked=asked)

    def _flow(self, one: WantedFlow, answer: Answer) -> Flow:
        return Flow(
            name=answer["name"],
            schema=answer["schema"],
            description=answer["description"],
            at=self._at(one, answer),
            version=answer["version"],
            unread=tuple(answer["unread"]),
        )

    def _refused(self, one: WantedFlow, answer: Answer) -> Unreadable:
        kind = cast(Kind, answer["unreadable"])
        why, name = answer["why"], ".".join(one.place.parts)
        module = self._parsed(one.place)
        at = Position(one.place.file, answer["line"]) if one.place.file else None
        if kind == "missing-function" and module is not None:
            from flowlift.repo.flows.definition import missing

            return missing(module, one.place.parts)
        message, remedy = {
            "missing-file": (
                f"The module {one.place.module!r} cannot be imported: {why}.",
                _REMEDY,
            ),
            "missing-function": (f"There is no {name!r} in {one.place.module}.", ""),
            "not-a-flow": (f"{name!r} is no flow as far as can be told: {why}.", _DECORATE),
            "syntax-error": (f"This is not Python: {why}.", "Mend the file."),
        }.get(kind, (f"The flow {name!r} cannot be read: {why}.", _REMEDY))
        if answer.get("absent"):
            remedy = _REMEDY
        return Unreadable(kind, message, remedy, at)

    def _roughly(self, one: WantedFlow, why: str) -> Flow | Unreadable:
        """As far as the source tells, where the code could not be run."""
        from flowlift.repo.flows import static

        followed: list[tuple[Module, tuple[str, ...]]] = []
        with contextlib.suppress(NotStatic):
            followed.extend(self._followed(one.entrypoint, one.place))
        if not followed:
            return Unreadable(
                "missing-file",
                f"The module {one.place.module!r} is not in the repository, and {why}.",
                _REMEDY,
            )
        found = static.read_roughly(*followed[-1], why, _REMEDY)
        if isinstance(found, Flow) and self._python is None:
            marks = {module.file: self._digest(module.file) for module, _ in followed}
            self._keep(one, found, marks, ())
        return found

    def _at(self, one: WantedFlow, answer: Answer) -> Position:
        """The line of the function; Python itself counts from the first decorator."""
        file = one.place.file or str(answer["file"])
        if answer["file"]:
            path = Path(answer["file"])
            resolved = self._root.resolve()
            inside = path.is_relative_to(resolved)
            file = path.relative_to(resolved).as_posix() if inside else path.as_posix()
        module = self._parsed(Place(file, (), one.place.module))
        for _, node in module.functions() if module else ():
            if node.decorator_list and node.decorator_list[0].lineno == answer["line"]:
                return Position(file, node.lineno)
        return Position(file, answer["line"])

    def _files(self, one: WantedFlow, answer: Answer) -> Mapping[str, str | None] | None:
        """What the answer holds for, None where that is not known.

        A flow whose packages are missing holds until they are there: in the interpreter, which
        has a fingerprint, or in the repository, where the files that they would be are missing.
        """
        absent: list[str] = answer.get("absent", [])
        if answer.get("failure") and not absent:
            return None
        files = {*answer["files"], *([one.place.file] if one.place.file else [])}
        marks = {file: self._digest(file) for file in files}
        folders = [*bases(one.entrypoint.root, self._sources)]
        if one.place.file and not one.place.module:
            folders.append(posixpath.dirname(one.place.file))
        for module in absent:
            path = module.replace(".", "/")
            for folder in folders:
                for end in (f"{path}.py", f"{path}/__init__.py"):
                    marks[posixpath.normpath(posixpath.join(folder, end))] = None
        return marks if all(marks[file] for file in files) else None

    def _asked_for(self, pending: Sequence[WantedFlow]) -> set[str]:
        modules = [self._parsed(one.place) for one in pending]
        return {name for module in modules if module for name in interpreter.asked_for(module.tree)}

    # Files -------------------------------------------------------------------------------

    def _parsed(self, place: Place) -> Module | None:
        if place.file is None:
            return None
        module = self._module(place)
        return module if isinstance(module, Module) else None

    def _module(self, place: Place) -> Module | Unreadable:
        file, script = cast(str, place.file), place.module is None
        if (file, script) not in self._modules:
            self._modules[file, script] = self._parse(file, script=script)
        return self._modules[file, script]

    def _parse(self, file: str, *, script: bool) -> Module | Unreadable:
        content = self._content(file)
        if content is None:
            return Unreadable(
                "missing-file", f"{file} cannot be read.", "Check its permissions.", Position(file)
            )
        try:
            return Module.parse(file, content, script=script)
        except SyntaxError as error:
            return Unreadable(
                "syntax-error",
                f"This is not Python: {error.msg}.",
                "Mend the file: nothing in it can be imported.",
                Position(file, error.lineno or 0),
            )

    def _content(self, file: str) -> bytes | None:
        if file not in self._contents:
            try:
                self._contents[file] = (self._root / file).read_bytes()
            except OSError:
                self._contents[file] = None
        return self._contents[file]

    def _digest(self, file: str) -> str | None:
        if file not in self._digests:
            content = self._content(file)
            self._digests[file] = (
                None if content is None else hashlib.blake2b(content, digest_size=16).hexdigest()
            )
        return self._digests[file]
