"""A parsed Python file: what each name at its top level stands for, without running it.

What is said here is certain. A name that is bound under a condition, in a loop or by something
that only running the code can tell is `Unsure`, and whoever asks has to find out another way.
"""

from __future__ import annotations

import ast
import itertools
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

END: float = math.inf
"""The position after the last statement: how names stand when the module has been imported."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


class NotStatic(Exception):  # noqa: N818 - it is no error: the answer has to be found elsewhere
    """The source alone does not tell. The message says why, as the end of a sentence."""


class Undefined(NotStatic):
    """A name that nothing binds when the code runs: Python raises a NameError."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One place that gives a name its meaning; `order` is its position among all of them."""

    name: str
    order: float


@dataclass(frozen=True, slots=True)
class ImportedName(Binding):
    """`import module` or `from module import attribute`; `level` counts leading dots."""

    module: str
    attribute: str | None = None
    level: int = 0


@dataclass(frozen=True, slots=True)
class Defined(Binding):
    """A function or a class."""

    node: Function | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Assigned(Binding):
    """`name = value`, with or without an annotation."""

    value: ast.expr


@dataclass(frozen=True, slots=True)
class Unsure(Binding):
    """Bound under a condition, unbound, or in a way that is not followed."""


@dataclass
class Module:
    """A file's names. `file` is what findings call it, `script` whether it is run by its path."""

    file: str
    source: bytes
    tree: ast.Module
    script: bool = True
    memo: dict[Binding, object] = field(default_factory=dict)
    """Values of names that were worked out already."""
    _bindings: dict[str, list[Binding]] = field(default_factory=dict)
    _stars: list[ImportedName] = field(default_factory=list)
    _typing_only: dict[str, str] = field(default_factory=dict)
    _orders: Iterator[int] = field(default_factory=itertools.count)

    _REBINDS: ClassVar = re.compile(rb"\bglobal\b|:=")
    _DYNAMIC: ClassVar = re.compile(
        rb"\b(?:globals|locals|vars|setattr|exec|eval|__getattr__|__dict__)\b"
    )

    def __post_init__(self) -> None:
        for binding in self._walk(self.tree.body, sure=True):
            self._bindings.setdefault(binding.name, []).append(binding)

    @classmethod
    def parse(cls, file: str, source: bytes, *, script: bool) -> Module:
        """Parse a file.

        Raises:
            SyntaxError: this Python cannot read it; also where it is nested too deeply, is not
                text or holds null bytes.
        """
        try:
            tree = ast.parse(source)
        except (ValueError, RecursionError, MemoryError) as error:
            raise SyntaxError(str(error) or "it is nested too deeply") from None
        return cls(file, source, tree, script)

    @cached_property
    def postponed(self) -> bool:
        """Whether annotations are text until asked for (`from __future__ import annotations`)."""
        return any(
            isinstance(node, ast.ImportFrom)
            and node.module == "__future__"
            and any(alias.name == "annotations" for alias in node.names)
            for node in self.tree.body
        )

    def binding(self, name: str, before: float = END) -> Binding | None:
        """What binds `name` for a statement at `before`; None where nothing does.

        Raises:
            NotStatic: it depends on what runs.
        """
        found: Binding | None = None
        for binding in self._bindings.get(name, ()):
            if binding.order >= before:
                break
            found = binding
        if isinstance(found, Unsure):
            raise NotStatic(f"`{name}` is set under a condition")
        if name in self._shifting:
            raise NotStatic(f"`{name}` is set while the code runs")
        for star in self._stars:
            if star.order < before and (found is None or found.order < star.order):
                raise NotStatic(f"`{name}` may come from `from {star.module} import *`")
        return found

    def undefined(self, name: str) -> Undefined:
        """The reason to give for a name that nothing binds."""
        if origin := self._typing_only.get(name):
            return Undefined(f"`{name}` is imported from {origin} for type checkers only")
        return Undefined(f"`{name}` is not defined")

    @cached_property
    def dynamic(self) -> bool:
        """Whether the module may make names that its text does not show."""
        return bool(self._stars) or bool(self._DYNAMIC.search(self.source))

    @cached_property
    def _shifting(self) -> frozenset[str]:
        if not self._REBINDS.search(self.source):
            return frozenset()
        names: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Global):
                names.update(node.names)
            elif isinstance(node, ast.NamedExpr):
                names.add(node.target.id)
        return frozenset(names)

    def changes(self, name: str) -> bool:
        """Whether some statement may change the list or dictionary that `name` holds.

        Also true where the value is handed on, as it may be changed under another name.
        """
        for node in ast.walk(self.tree):
            suspects: Iterable[ast.AST | None] = ()
            if isinstance(node, ast.Attribute | ast.Starred | ast.AugAssign | ast.Delete):
                suspects = ast.iter_child_nodes(node)
            elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
                suspects = (node.value,)
            elif isinstance(node, ast.Call):
                suspects = (*node.args, *(keyword.value for keyword in node.keywords))
            elif isinstance(node, ast.Assign | ast.AnnAssign | ast.Return | ast.Yield):
                suspects = (node.value,)
            if any(isinstance(s, ast.Name) and s.id == name for s in suspects):
                return True
        return False

    def functions(self) -> Iterator[tuple[str, Function]]:
        """Every function of the file with its dotted name, those inside classes too."""
        yield from _functions(self.tree.body, "")

    def _walk(self, body: Iterable[ast.stmt], *, sure: bool) -> Iterator[Binding]:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                order = next(self._orders)
                yield Defined(node.name, order, node) if sure else Unsure(node.name, order)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                yield from self._imports(node, sure=sure)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                yield from self._assigned(node, sure=sure)
            elif isinstance(node, ast.If):
                yield from self._if(node, sure=sure)
            elif not isinstance(node, ast.Expr):
                yield from self._other(node)

    def _imports(self, node: ast.Import | ast.ImportFrom, *, sure: bool) -> Iterator[Binding]:
        for alias in node.names:
            order = next(self._orders)
            if isinstance(node, ast.Import):
                name = alias.asname or alias.name.partition(".")[0]
                found = ImportedName(name, order, alias.name if alias.asname else name)
            else:
                name = alias.asname or alias.name
                found = ImportedName(name, order, node.module or "", alias.name, node.level)
            if alias.name == "*":
                self._stars.append(found)
            else:
                yield found if sure else Unsure(name, order)

    def _assigned(self, node: ast.Assign | ast.AnnAssign, *, sure: bool) -> Iterator[Binding]:
        if node.value is None:
            return  # `name: type` alone binds nothing.
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Name) and sure:
                yield Assigned(target.id, next(self._orders), node.value)
            else:
                yield from self._stored(target)

    def _if(self, node: ast.If, *, sure: bool) -> Iterator[Binding]:
        if _is_main(node.test):
            yield from self._walk(node.orelse, sure=sure)
        elif _is_type_checking(node.test):
            for statement in node.body:
                if isinstance(statement, ast.Import | ast.ImportFrom):
                    for alias in statement.names:
                        origin = getattr(statement, "module", None) or alias.name
                        self._typing_only[alias.asname or alias.name] = origin
            yield from self._walk(node.orelse, sure=sure)
        else:
            yield from self._walk([*node.body, *node.orelse], sure=False)

    def _other(self, node: ast.AST) -> Iterator[Binding]:
        """Loops, `with`, `try`, `match`, `del`: whatever they bind is not sure."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                yield from self._walk([child], sure=False)
            elif isinstance(child, ast.ExceptHandler | ast.match_case):
                yield from self._other(child)
            else:
                yield from self._stored(child)

    def _stored(self, node: ast.AST) -> Iterator[Binding]:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load):
                yield Unsure(inner.id, next(self._orders))
            elif isinstance(inner, ast.MatchAs | ast.MatchStar) and inner.name:
                yield Unsure(inner.name, next(self._orders))


def _functions(body: Iterable[ast.stmt], within: str) -> Iterator[tuple[str, Function]]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{within}{node.name}", node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node.body, f"{within}{node.name}.")
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from _functions(node.body, within)


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", None)
    return name == "TYPE_CHECKING"


def _is_main(test: ast.expr) -> bool:
    return (
        isinstance(test, ast.Compare)
        and getattr(test.left, "id", None) == "__name__"
        and isinstance(test.ops[0], ast.Eq)
        and getattr(test.comparators[0], "value", None) == "__main__"
    )
