"""Find the flow behind a name of a module: its function, and what its decorator says."""

from __future__ import annotations

import ast
import difflib
import inspect
import re
from dataclasses import dataclass, field, replace
from typing import Any

from flowlift.errors import Position
from flowlift.repo.entrypoint import Unreadable
from flowlift.repo.flows import evaluation, scopes
from flowlift.repo.flows.module import (
    END,
    Assigned,
    Binding,
    Defined,
    Function,
    ImportedName,
    Module,
    NotStatic,
)

SAYING = ("name", "description", "version")
"""The options of a flow that a deployment takes something from."""

_OPTIONS = frozenset(
    {
        "name",
        "version",
        "flow_run_name",
        "retries",
        "retry_delay_seconds",
        "task_runner",
        "description",
        "timeout_seconds",
        "validate_parameters",
        "persist_result",
        "result_storage",
        "result_serializer",
        "cache_result_in_memory",
        "log_prints",
        "on_completion",
        "on_failure",
        "on_cancellation",
        "on_crashed",
        "on_running",
    }
)
"""What `@flow` takes. The other options of a flow are not looked at, an unknown one is an error
that Prefect reports when the code runs."""

_LONGEST_PATH = 3
"""The parts of `prefect.flows.flow`."""
_BANNED = re.compile("[/%&><]")


@dataclass(frozen=True, slots=True)
class Definition:
    """A flow as its source has it. `order` is the position of its function among the bindings.

    `options` holds the expressions given for the options of `SAYING`, each with the position that
    its names are seen from. `owner` is the class around a method.
    """

    module: Module
    function: Function
    order: float
    options: dict[str, tuple[ast.expr, float]] = field(default_factory=dict)
    owner: ast.ClassDef | None = None

    @property
    def at(self) -> Position:
        """The line of the function."""
        return Position(self.module.file, self.function.lineno)

    @property
    def docstring(self) -> str | None:
        """The function's docstring, cleaned as `inspect.getdoc` does."""
        raw = ast.get_docstring(self.function, clean=False)
        return None if raw is None else inspect.cleandoc(raw)

    def option(self, name: str) -> Any:
        """What the decorator gives for an option, None where it is silent.

        Raises:
            NotStatic: only running the code can tell.
        """
        if name not in self.options:
            return None
        expression, order = self.options[name]
        return evaluation.value(expression, self.scope(order))

    def scope(self, order: float | None = None) -> scopes.ModuleScope:
        """The names that the function's own line sees, or a statement at `order`."""
        hidden = set().union(*map(_binds, self.owner.body)) if self.owner else ()
        before = self.order if order is None else order
        return scopes.ModuleScope(self.module, before, frozenset(hidden))


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The name is imported from another module."""

    imported: ImportedName


Found = Definition | Elsewhere | Unreadable


def find(module: Module, parts: tuple[str, ...]) -> Found:
    """The flow that `parts` (`name`, or `Class.method`) lead to in `module`.

    Raises:
        NotStatic: only running the code can tell.
    """
    binding = module.binding(parts[0])
    if binding is None:
        return _missing(module, parts)
    if isinstance(binding, ImportedName):
        return Elsewhere(binding)
    if len(parts) == 1:
        return _flow(module, binding)
    if isinstance(binding, Defined) and isinstance(binding.node, ast.ClassDef):
        return _method(module, binding.node, binding.order, parts[1:], parts)
    raise NotStatic(f"`{'.'.join(parts)}` has to be looked up")


def name_trouble(name: str, at: Position) -> Unreadable | None:
    """What Prefect would refuse a flow's name for, if anything."""
    if banned := _BANNED.search(name):
        return Unreadable(
            "malformed",
            f"Prefect refuses {name!r} as a flow's name: it holds {banned[0]!r}.",
            "Leave out / % & < and >.",
            at,
        )
    return None


def missing(module: Module, parts: tuple[str, ...]) -> Unreadable:
    """There is no such function; the nearest one is named."""
    wanted = ".".join(parts)
    known = dict(module.functions())
    inside = _nested(module.tree, parts[-1])
    near = difflib.get_close_matches(wanted, known, n=1, cutoff=0.5)
    flows = [name for name, node in known.items() if _looks_like_a_flow(node)]
    at = Position(module.file)
    if near:
        remedy = f"Is {near[0]!r} meant, in line {known[near[0]].lineno}?"
    elif inside is not None and len(parts) == 1:
        at = Position(module.file, inside.lineno)
        remedy = "It stands inside another function: move it to the top level of the file."
    elif flows:
        remedy = f"Flows in this file: {', '.join(flows)}."
    else:
        remedy = "This file has no flow at all."
    return Unreadable("missing-function", f"{module.file} has no {wanted!r}.", remedy, at)


def not_a_flow(module: Module, name: str, node: ast.AST, what: str = "a function") -> Unreadable:
    """The object is there, but it is no flow."""
    return Unreadable(
        "not-a-flow",
        f"{name!r} is {what}, and not a flow.",
        "Decorate it with `@flow` (from prefect import flow).",
        Position(module.file, getattr(node, "lineno", 0)),
    )


def _missing(module: Module, parts: tuple[str, ...]) -> Unreadable:
    if module.dynamic:
        raise NotStatic(f"`{parts[0]}` may be made while the code runs")
    return missing(module, parts)


def _flow(module: Module, binding: Binding) -> Found:
    if isinstance(binding, Defined) and not isinstance(binding.node, ast.ClassDef):
        return _decorated(Definition(module, binding.node, binding.order), binding.name)
    if isinstance(binding, Defined) and not binding.node.decorator_list:
        return not_a_flow(module, binding.name, binding.node, "a class")
    if isinstance(binding, Assigned):
        if isinstance(binding.value, ast.Constant):
            return not_a_flow(module, binding.name, binding.value, "a plain value")
        return _made(module, binding.value, binding.order)
    if isinstance(binding, ImportedName):
        return Elsewhere(binding)
    raise NotStatic(f"`{binding.name}` has to be looked up")


def _method(
    module: Module,
    owner: ast.ClassDef,
    order: float,
    rest: tuple[str, ...],
    parts: tuple[str, ...],
) -> Found:
    if owner.decorator_list or owner.keywords:
        raise NotStatic(f"the class `{owner.name}` has to be run")
    bound = [node for node in owner.body if rest[0] in _binds(node)]
    if not bound and not owner.bases and not module.dynamic:
        return missing(module, parts)
    node = bound[-1] if bound else None
    if isinstance(node, ast.ClassDef) and len(rest) > 1:
        return _method(module, node, order, rest[1:], parts)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and len(rest) == 1:
        return _decorated(Definition(module, node, order, owner=owner), ".".join(parts))
    raise NotStatic(f"`{'.'.join(parts)}` has to be looked up")


def _binds(node: ast.stmt) -> set[str]:
    name = getattr(node, "name", None)
    if isinstance(name, str):
        return {name}
    names = {getattr(inner, "name", None) for inner in ast.walk(node)}
    names |= {
        inner.id
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
    }
    return {name for name in names if isinstance(name, str)}


def _decorated(definition: Definition, name: str) -> Found:
    """What the decorators make of a function; the one that stands last is applied first."""
    found: Definition | None = None
    task = False
    for decorator in reversed(definition.function.decorator_list):
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        kind = _prefects(definition.module, called, definition.order)
        if kind == "flow" and found is None and not task:
            found = definition
            if isinstance(decorator, ast.Call):
                found = _with_options(definition, decorator, definition.order)
        elif kind == "task" and found is None:
            task = True
        elif not _changes_nothing(decorator, definition, before=found is None):
            raise NotStatic(f"`@{ast.unparse(decorator)}` has to be run")
    if found is None:
        what = "a task" if task else "a function"
        return not_a_flow(definition.module, name, definition.function, what)
    return found


def _changes_nothing(decorator: ast.expr, definition: Definition, *, before: bool) -> bool:
    """Whether a decorator beside `@flow` leaves name and signature alone.

    `@classmethod` outside of `@flow` binds the flow to its class, in a way that differs between
    versions of Python.
    """
    if definition.owner is None or not isinstance(decorator, ast.Name):
        return False
    return decorator.id == "staticmethod" or (before and decorator.id == "classmethod")


def _made(module: Module, node: ast.expr, order: float) -> Found:
    """The flow that an expression makes: `flow(f, name="x")`, `f.with_options(name="x")`, `f`."""
    if isinstance(node, ast.Name):
        binding = module.binding(node.id, order)
        if binding is None:
            raise module.undefined(node.id)
        return _flow(module, binding)
    if not isinstance(node, ast.Call):
        raise NotStatic("it has to be computed")
    if isinstance(node.func, ast.Attribute) and node.func.attr == "with_options":
        made = _made(module, node.func.value, order)
        return _with_options(made, node, order) if isinstance(made, Definition) else made
    if isinstance(node.func, ast.Call) and len(node.args) == 1 and not node.keywords:
        return _wrapped(module, node.args[0], node.func, order)
    if len(node.args) == 1:
        return _wrapped(module, node.args[0], node, order)
    raise NotStatic(f"`{ast.unparse(node.func)}` has to be called")


def _wrapped(module: Module, function: ast.expr, call: ast.Call, order: float) -> Found:
    if _prefects(module, call.func, order) != "flow" or not isinstance(function, ast.Name):
        raise NotStatic(f"`{ast.unparse(call.func)}` has to be called")
    binding = module.binding(function.id, order)
    if not (
        isinstance(binding, Defined)
        and not isinstance(binding.node, ast.ClassDef)
        and not binding.node.decorator_list
    ):
        raise NotStatic(f"`{function.id}` has to be run")
    plain = ast.Call(call.func, [], call.keywords)
    return _with_options(Definition(module, binding.node, binding.order), plain, order)


def _with_options(definition: Definition, call: ast.Call, order: float) -> Definition:
    names = {keyword.arg for keyword in call.keywords}
    if call.args or not names <= _OPTIONS:
        raise NotStatic(f"`{ast.unparse(call.func)}` has to be called")
    given = {str(k.arg): (k.value, order) for k in call.keywords if k.arg in SAYING}
    # An empty text or None says as little as what is not given.
    given = {name: pair for name, pair in given.items() if not _is_silent(pair[0])}
    return replace(definition, options={**definition.options, **given})


def _prefects(module: Module, node: ast.expr, order: float) -> str | None:
    """`flow` or `task` where `node` means Prefect's decorator of that name, else None."""
    path: list[str] = []
    while isinstance(node, ast.Attribute):
        path.insert(0, node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    binding = module.binding(node.id, order)
    if not isinstance(binding, ImportedName) or binding.level:
        return None
    path = [*binding.module.split("."), *([binding.attribute] if binding.attribute else []), *path]
    if path[-1] in ("flow", "task") and path[0] == "prefect" and len(path) <= _LONGEST_PATH:
        return path[-1]
    return None


def _nested(tree: ast.AST, name: str) -> Function | None:
    functions = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
    )
    return next(functions, None)


def _looks_like_a_flow(node: Function) -> bool:
    return any("flow" in ast.unparse(decorator) for decorator in node.decorator_list)


def _is_silent(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not node.value


def find_roughly(
    module: Module, parts: tuple[str, ...]
) -> tuple[Definition | Unreadable, list[str]]:
    """The flow that `parts` lead to, where the code cannot be run, and what was passed over.

    A function under a condition counts, and so does one with other decorators beside `@flow`.

    Raises:
        NotStatic: whether it is a flow cannot be told.
    """
    try:
        found = find(module, parts)
    except NotStatic as reason:
        return _find_by_decorator(module, parts, reason)
    if isinstance(found, Elsewhere):
        raise NotStatic(f"it is imported from {found.imported.module}")
    return found, []


def _find_by_decorator(
    module: Module, parts: tuple[str, ...], reason: NotStatic
) -> tuple[Definition, list[str]]:
    function = dict(module.functions()).get(".".join(parts))
    found: Definition | None = None
    unread: list[str] = []
    for decorator in function.decorator_list if function else ():
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if function and _is_flow_roughly(module, called):
            found = Definition(module, function, END)
            if isinstance(decorator, ast.Call):
                found = _with_options(found, decorator, END)
        elif getattr(called, "id", None) not in ("staticmethod", "classmethod"):
            shown = f"`@{ast.unparse(decorator)}`"
            unread.append(f"decorator {shown} could not be read: it has to be run")
    if found is None:
        raise NotStatic(str(reason))
    return found, unread


def _is_flow_roughly(module: Module, node: ast.expr) -> bool:
    try:
        return _prefects(module, node, END) == "flow"
    except NotStatic:
        return isinstance(node, ast.Name) and node.id == "flow"
