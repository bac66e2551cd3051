"""A flow's parameters as values: the types and defaults that its source gives them."""

from __future__ import annotations

import ast
import inspect
import re
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from flowlift.repo.flows import allowed, evaluation, scopes
from flowlift.repo.flows.definition import Definition
from flowlift.repo.flows.module import NotStatic, Undefined

EMPTY: Any = inspect.Parameter.empty

_RESERVED = frozenset({"return_state", "wait_for"})
_CONFLICTING = re.compile(r"Config|model_(?:config|dump|validate)\w*|v__\w+")
"""Names that pydantic or Prefect may not take as a parameter's, depending on their versions."""


class Parameter(NamedTuple):
    """One parameter; `EMPTY` where there is no annotation or no default."""

    name: str
    annotation: Any = EMPTY
    default: Any = EMPTY


@dataclass
class Signature:
    """The parameters in their order, and in words what could not be read of them."""

    parameters: list[Parameter] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


class _PrefectScope:
    """The names that an annotation sees which Prefect could not evaluate with the others.

    Prefect then hands all annotations of the function to pydantic as texts, and pydantic looks
    their names up in the module of Prefect that makes the model.
    """

    _KNOWN = ("typing", "pydantic")
    _UNKNOWN = frozenset({"inspect", "ConfigDict", "FieldInfo", "TypeAdapter", "create_model"})

    def lookup(self, name: str) -> object:
        if name == "t":
            return typing
        if name in self._UNKNOWN:
            raise NotStatic(f"`{name}` has to be looked up")
        if name in self._KNOWN and (found := allowed.module(name)):
            return found
        return scopes.TableScope({}).lookup(name)


def refused(definition: Definition) -> str | None:
    """Why Prefect refuses the parameters' names, if it does."""
    for argument, _ in _arguments(definition.function.args):
        if argument.arg in _RESERVED:
            return f"Prefect keeps the parameter name {argument.arg!r} for itself"
        if argument.arg.startswith("_"):
            return f"Prefect refuses the parameter {argument.arg!r}: it starts with an underscore"
    return None


def read(definition: Definition) -> Signature:
    """The signature exactly as Prefect sees it.

    Raises:
        NotStatic: only running the code can tell.
    """
    found = Signature()
    scope = definition.scope()
    texts: dict[str, ast.expr] = {}
    for argument, default in _arguments(definition.function.args):
        if _CONFLICTING.fullmatch(argument.arg):
            raise NotStatic(f"`{argument.arg}` may not be a parameter's name")
        annotation: Any = EMPTY
        if argument.annotation is not None:
            text = _text(definition, argument.annotation)
            if text is None:
                annotation = evaluation.type_(argument.annotation, scope)
            else:
                texts[argument.arg] = text
        given = EMPTY if default is None else evaluation.value(default, scope)
        found.parameters.append(Parameter(argument.arg, annotation, given))
    if texts or _text(definition, definition.function.returns):
        _postponed(definition, texts, found)
    return found


def read_roughly(definition: Definition) -> Signature:
    """The signature with what cannot be told left out, and said.

    As Prefect does where imports are missing, a type that is not known is any, and a default that
    is not known is None.
    """
    found = Signature()
    scope = definition.scope()
    end = scopes.ModuleScope(definition.module)
    for argument, default in _arguments(definition.function.args):
        annotation, given = EMPTY, EMPTY
        if argument.annotation is not None:
            text = _text(definition, argument.annotation)
            try:
                annotation = evaluation.type_(text or argument.annotation, end if text else scope)
            except NotStatic as reason:
                found.unread.append(unread(argument, argument.annotation, reason))
        if default is not None:
            try:
                given = evaluation.value(default, scope)
            except NotStatic as reason:
                given = None
                found.unread.append(unread(argument, default, reason, "default "))
        found.parameters.append(Parameter(argument.arg, annotation, given))
    return found


def unread(argument: ast.arg, node: ast.expr, reason: object, what: str = "") -> str:
    """One sentence of `Flow.unread`."""
    return f"parameter `{argument.arg}`: {what}`{ast.unparse(node)}` could not be read: {reason}"


def _postponed(definition: Definition, texts: dict[str, ast.expr], found: Signature) -> None:
    """Evaluate the annotations that are texts until Prefect asks for them: all of them or none."""
    end = scopes.ModuleScope(definition.module)
    try:
        returns = _text(definition, definition.function.returns)
        _ensure_defined(returns, definition)
        types = {name: evaluation.type_(text, end) for name, text in texts.items()}
    except Undefined as missing:
        types = _as_prefect_falls_back(definition, texts, found, missing)
    found.parameters = [
        Parameter(name, types.get(name, annotation), default)
        for name, annotation, default in found.parameters
    ]


def _as_prefect_falls_back(
    definition: Definition, texts: dict[str, ast.expr], found: Signature, missing: Undefined
) -> dict[str, Any]:
    types: dict[str, Any] = {}
    for argument, _ in _arguments(definition.function.args):
        if argument.arg not in texts or argument.annotation is None:
            continue
        try:
            types[argument.arg] = evaluation.type_(texts[argument.arg], _PrefectScope())
        except Undefined:
            types[argument.arg] = EMPTY
            reason = f"{missing}, so that Prefect registers no type"
            found.unread.append(unread(argument, argument.annotation, reason))
    return types


def _text(definition: Definition, annotation: ast.expr | None) -> ast.expr | None:
    """The expression of an annotation that is a text when the function is made, else None."""
    if annotation is None:
        return None
    quoted = isinstance(annotation, ast.Constant) and isinstance(annotation.value, str)
    if definition.module.postponed:
        if quoted:
            raise NotStatic("its annotation is a text within a text")
        return annotation
    return evaluation.parse(annotation.value) if quoted else None  # type: ignore[attr-defined]


def _ensure_defined(annotation: ast.expr | None, definition: Definition) -> None:
    """Raise `Undefined` where a name of the return annotation is none: it spoils the others."""
    for node in ast.walk(annotation) if annotation else ():
        if isinstance(node, ast.Name):
            binding = definition.module.binding(node.id)
            if binding is None:
                scopes.ModuleScope(definition.module).lookup(node.id)


def _arguments(arguments: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    """Each parameter with its default, in the order of `inspect.signature`."""
    positional = [*arguments.posonlyargs, *arguments.args]
    required = len(positional) - len(arguments.defaults)
    yield from zip(positional, [None] * required + list(arguments.defaults), strict=True)
    if arguments.vararg:
        yield arguments.vararg, None
    yield from zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    if arguments.kwarg:
        yield arguments.kwarg, None
