"""Build an enumeration or a pydantic model from its source, where its body is plain data.

A class that does more (methods that take part in validation, decorators, bases that are not known
here) has to be run, and is `NotStatic`.
"""

from __future__ import annotations

import ast
import enum
import types
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from flowlift.repo.flows import allowed, evaluation
from flowlift.repo.flows.module import NotStatic

_ENUM_MIXINS = (str, int, float)
_TAKING_PART = frozenset({"name", "value"})
"""Properties of an enumeration's member that a class may make its own."""


class ClassScope(evaluation.Scope, Protocol):
    """Where the names around a class are looked up."""

    def hiding(self, names: frozenset[str]) -> evaluation.Scope:
        """The same, for what stands in the body of a class that binds `names`."""


def build(node: ast.ClassDef, scope: ClassScope) -> type:
    """The class that `node` defines.

    Raises:
        NotStatic: it is not an enumeration or a pydantic model of plain fields.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # They are the author's to see, when the code runs.
        built = _build(node, scope)
    allowed.let_call(built)
    return built


def _build(node: ast.ClassDef, scope: ClassScope) -> type:
    bases = [evaluation.value(base, scope) for base in node.bases]
    if node.keywords or not all(isinstance(base, type) for base in bases):
        raise NotStatic(f"the class `{node.name}` has to be run")
    inside = scope.hiding(frozenset(_names(node)))
    if any(isinstance(base, enum.EnumMeta) for base in bases):
        return _enumeration(node, bases, inside)
    if len(bases) == 1 and any(base.__module__ == "pydantic.main" for base in bases[0].__mro__):
        return _model(node, bases[0], inside)
    raise NotStatic(f"the class `{node.name}` has to be run")


def _enumeration(node: ast.ClassDef, bases: list[Any], scope: evaluation.Scope) -> type:
    decorators = [evaluation.value(decorator, scope) for decorator in node.decorator_list]
    fit = all(isinstance(base, enum.EnumMeta) or base in _ENUM_MIXINS for base in bases)
    if not fit or any(decorator is not enum.unique for decorator in decorators):
        raise NotStatic(f"the class `{node.name}` has to be run")
    members: dict[str, Any] = {}
    for statement in _fields(node):
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        if not isinstance(target, ast.Name) or target.id.startswith("_"):
            raise NotStatic(f"the class `{node.name}` has to be run")
        members[target.id] = evaluation.value(statement.value, scope)
    return types.new_class(node.name, tuple(bases), {}, lambda body: _fill(body, node, members))


def _model(node: ast.ClassDef, base: Any, scope: evaluation.Scope) -> type:
    from pydantic import BaseModel, create_model

    config: Any = None
    fields: dict[str, Any] = {}
    for statement in _fields(node):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            name = statement.target.id
            annotation = _annotation(statement.annotation, scope)
            default = ... if statement.value is None else evaluation.value(statement.value, scope)
            fields[name] = (annotation, default)
            if name.startswith("_") or name == "model_config":
                raise NotStatic(f"the class `{node.name}` has to be run")
        elif ast.unparse(statement.targets[0]) == "model_config":
            config = evaluation.value(statement.value, scope)
        else:
            raise NotStatic(f"the class `{node.name}` has to be run")
    own = base is BaseModel
    if node.decorator_list or not (own or config is None):
        raise NotStatic(f"the class `{node.name}` has to be run")
    try:
        model: type = create_model(
            node.name,
            __base__=None if own else base,
            __config__=config,
            __module__=__name__,
            __doc__=ast.get_docstring(node, clean=False),
            **fields,
        )
    except Exception as error:
        raise NotStatic(f"the class `{node.name}` could not be built: {error}") from None
    return model


def _annotation(node: ast.expr, scope: evaluation.Scope) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        node = evaluation.parse(node.value)
    found = evaluation.type_(node, scope)
    if "ClassVar" in repr(found):
        raise NotStatic("it belongs to the class and is no field")
    return found


def _fields(node: ast.ClassDef) -> Iterator[Any]:
    """The statements that say something; a plain method or property says nothing of a schema."""
    for number, statement in enumerate(node.body):
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            yield statement
        elif isinstance(statement, ast.FunctionDef):
            plain = all(getattr(d, "id", "") == "property" for d in statement.decorator_list)
            if statement.name.startswith("_") or statement.name in _TAKING_PART or not plain:
                raise NotStatic(f"the class `{node.name}` has to be run")
        elif not (isinstance(statement, ast.Pass) or (number == 0 and _is_docstring(statement))):
            raise NotStatic(f"the class `{node.name}` has to be run")


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _names(node: ast.ClassDef) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            yield inner.id
        elif isinstance(inner, ast.FunctionDef):
            yield inner.name


def _fill(body: dict[str, Any], node: ast.ClassDef, members: Mapping[str, Any]) -> None:
    """Set each member by itself: an enumeration's namespace watches over that."""
    body["__module__"] = __name__
    body["__qualname__"] = node.name
    documentation = ast.get_docstring(node, clean=False)
    if documentation is not None:
        body["__doc__"] = documentation
    for name, member in members.items():
        body[name] = member
