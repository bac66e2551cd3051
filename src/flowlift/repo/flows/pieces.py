"""Find a flow in a module whose import fails, by running the module statement by statement.

A part of `child`, and like it run by another interpreter: the standard library and Prefect only.
What fails is left out, and remembered under the names that it would have bound.
"""

# Paths are texts, as in sys.path; running the code is the task.
# ruff: noqa: PTH109, PTH119, PTH120, PTH122, PTH123, S102, S307

from __future__ import annotations
import __future__

import ast
import functools
import importlib.util
import os
import sys
import types
from collections.abc import Iterator
from typing import Any

_POSTPONED = __future__.annotations.compiler_flag


class NoFlowError(Exception):
    """No flow can be told. `kind` is that of an `Unreadable`."""

    def __init__(self, kind: str, why: str, line: int = 0) -> None:
        super().__init__(why)
        self.kind = kind
        self.why = why
        self.line = line


class Pieces:
    """The module's statements, run one by one; `unread` says what was left out of the flow.

    `absent` are the modules that are not installed.
    """

    def __init__(self, file: str, module: str | None, parts: list[str]) -> None:
        self.unread: list[str] = []
        self.absent: set[str] = set()
        self._file = file
        self._parts = parts
        self._lost: dict[str, str] = {}
        with open(file, "rb") as source:
            self._tree = ast.parse(source.read(), file)
        self._names = self._make(module).__dict__
        self._target = _find(self._tree.body, parts)
        self._flags = _POSTPONED if _is_postponed(self._tree) else 0

    def flow(self) -> Any:
        """The flow, as far as it can be put together.

        Raises:
            NoFlowError: its name is not known, or there is no flow.
        """
        from prefect.flows import Flow

        for statement in self._tree.body:
            for piece in _split(statement):
                self._run(piece)
        unknown = object()
        found: Any = self._names.get(self._parts[0], unknown)
        for part in self._parts[1:]:
            found = getattr(found, part, unknown)
        why = self._lost.get(self._parts[0])
        if found is unknown and why:
            raise NoFlowError("malformed", why)
        if found is unknown:
            raise NoFlowError("missing-function", "there is nothing of that name")
        if not isinstance(found, Flow):
            raise NoFlowError("not-a-flow", why or "it is not a flow")
        return found

    def _make(self, name: str | None) -> types.ModuleType:
        """An empty module in the place of the one that fails, for its relative imports."""
        here, parent = os.getcwd(), os.path.dirname(self._file)
        package = name is None or self._file.endswith("__init__.py")
        sys.path[:0] = [here] if name else [parent, here]
        known = name or os.path.splitext(os.path.basename(self._file))[0]
        if name is None and known in sys.modules:
            known = "__flowlift_pieces__"
        spec = importlib.util.spec_from_file_location(
            known, self._file, submodule_search_locations=[parent, here] if package else None
        )
        if spec is None:
            raise NoFlowError("malformed", "it is no Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[known] = module
        self._known = known
        return module

    def forget(self) -> None:
        """Take the module away again: whoever imports it next shall not find this one."""
        sys.modules.pop(self._known, None)

    def _run(self, statement: ast.stmt) -> None:
        target = self._target
        if isinstance(target, (ast.FunctionDef, ast.AsyncFunctionDef)) and any(
            node is target for node in ast.walk(statement)
        ):
            self._trim(target)
        try:
            module = ast.Module([statement], [])
            code = compile(module, self._file, "exec", flags=self._flags, dont_inherit=True)
            exec(code, self._names)
        except BaseException as error:
            self._lost.update(dict.fromkeys(_bound(statement), self._why(error)))

    def _trim(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Leave out of the target's definition what cannot be evaluated."""
        self._trim_decorators(function)
        for argument in _arguments(function.args):
            if argument.annotation is None:
                continue
            meant = _meant(argument.annotation)
            if why := self._trouble(meant):
                self._leave_out(f"parameter `{argument.arg}`:", argument.annotation, why)
                meant = None
            argument.annotation = meant
        if function.returns is not None and self._trouble(_meant(function.returns)):
            function.returns = None
        positional = [*function.args.posonlyargs, *function.args.args]
        self._trim_defaults(positional[::-1], function.args.defaults[::-1], function.args.defaults)
        self._trim_defaults(
            function.args.kwonlyargs, function.args.kw_defaults, function.args.kw_defaults
        )

    def _trim_defaults(
        self, arguments: list[ast.arg], defaults: list[Any], kept: list[Any]
    ) -> None:
        for argument, default in zip(arguments, defaults):  # noqa: B905 - not in Python 3.9
            if default is not None and (why := self._trouble(default)):
                self._leave_out(f"parameter `{argument.arg}`: default", default, why)
                kept[kept.index(default)] = ast.copy_location(ast.Constant(None), default)

    def _trim_decorators(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        kept: list[ast.expr] = []
        flows = 0
        for decorator in function.decorator_list:
            if isinstance(decorator, ast.Call) and not self._trouble(decorator.func):
                self._trim_options(decorator, function.lineno)
            if why := self._trouble(decorator):
                shown = f"`@{ast.unparse(decorator)}`"
                self.unread.append(f"decorator {shown} could not be read: {why}")
            else:
                kept.append(decorator)
                flows += _is_flow(self._value(decorator))
        if len(kept) < len(function.decorator_list) and not flows:
            raise NoFlowError("not-a-flow", self.unread[-1], function.lineno)
        function.decorator_list = kept

    def _trim_options(self, decorator: ast.Call, line: int) -> None:
        for keyword in list(decorator.keywords):
            why = self._trouble(keyword.value)
            if not why:
                continue
            if keyword.arg == "name":
                raise NoFlowError("malformed", f"`{ast.unparse(keyword.value)}`: {why}", line)
            decorator.keywords.remove(keyword)
            if keyword.arg in ("description", "version"):
                self._leave_out(f"{keyword.arg}:", keyword.value, why)

    def _leave_out(self, what: str, node: ast.expr, why: str) -> None:
        self.unread.append(f"{what} `{ast.unparse(node)}` could not be read: {why}")

    def _trouble(self, node: ast.expr | None) -> str:
        """Why an expression cannot be evaluated, "" where it can."""
        if node is None:
            return "it is no expression"
        try:
            self._value(node)
        except BaseException as error:
            return self._why(error)
        return ""

    def _value(self, node: ast.expr) -> Any:
        return eval(compile(ast.Expression(node), self._file, "eval", 0, True), self._names)

    def _why(self, error: BaseException) -> str:
        """In words; a name is missing because of what should have bound it."""
        if isinstance(error, ModuleNotFoundError) and error.name:
            self.absent.add(error.name)
        name = getattr(error, "name", None)
        if isinstance(error, NameError) and name in self._lost:
            return self._lost[name]
        return words(error)


def words(error: BaseException) -> str:
    """An error as the end of a sentence."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"{error.name} is not installed here"
    if isinstance(error, SystemExit):
        return "the code ends its process"
    text = str(error).strip().split("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _find(body: list[ast.stmt], parts: list[str]) -> ast.AST | None:
    for node in reversed(body):
        if getattr(node, "name", None) == parts[0]:
            return node if len(parts) == 1 else _find(getattr(node, "body", []), parts[1:])
    return None


def _is_postponed(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
        for node in tree.body
    )


def _is_flow(decorator: Any) -> bool:
    import prefect

    return decorator is prefect.flow or (
        isinstance(decorator, functools.partial) and decorator.func is prefect.flow
    )


def _meant(annotation: ast.expr) -> ast.expr | None:
    """The expression of an annotation, also of one that is written as a text."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return ast.parse(annotation.value.strip(), mode="eval").body
        except SyntaxError:
            return None
    return annotation


def _split(statement: ast.stmt) -> Iterator[ast.stmt]:
    """An import of several names as one import each: one may fail alone."""
    for alias in statement.names if isinstance(statement, (ast.Import, ast.ImportFrom)) else ():
        single: ast.stmt
        if isinstance(statement, ast.Import):
            single = ast.Import([alias])
        elif isinstance(statement, ast.ImportFrom):
            single = ast.ImportFrom(statement.module, [alias], statement.level)
        yield ast.copy_location(single, statement)
    if not isinstance(statement, (ast.Import, ast.ImportFrom)):
        yield statement


def _bound(statement: ast.stmt) -> set[str]:
    """The names that a statement would have bound."""
    names: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.alias):
            names.add(node.asname or node.name.partition(".")[0])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
    return names


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    found = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [*found, *(one for one in (arguments.vararg, arguments.kwarg) if one)]
