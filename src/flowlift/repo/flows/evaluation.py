"""Work out what an expression of a flow's source means, by a small and harmless interpreter.

Only constants, the names of `allowed` and what is built of them are followed, without ever running
a user's code. Everything else is `NotStatic`, and found out by running it elsewhere.
"""

from __future__ import annotations

import ast
import enum
import operator
import sys
import typing
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import reduce
from pathlib import PurePath
from types import GenericAlias, ModuleType
from typing import Any, Protocol

from flowlift.repo.flows import allowed
from flowlift.repo.flows.module import NotStatic

_NUMBERS = (int, float, Decimal)
_MOST_BITS = 256
_MOST_ITEMS = 65_536
"""Longer texts and lists are not built here: a few lines of source can ask for gigabytes."""
_GENERICS = (list, dict, set, frozenset, tuple, type)
_TEXT = (str, int, float)
_TIMES = (date, datetime, time, timedelta, timezone, tzinfo)
_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


class Scope(Protocol):
    """Where names are looked up."""

    def lookup(self, name: str) -> object:
        """What `name` stands for.

        Raises:
            Undefined: nothing binds it when the code runs.
            NotStatic: the source alone does not tell.
        """


def value(node: ast.expr, scope: Scope) -> Any:
    """The value of an expression, such as a default or a flow's name.

    Raises:
        NotStatic: the source alone does not tell.
    """
    if isinstance(node, ast.Constant):
        return node.value
    evaluate = _VALUES.get(type(node))
    if evaluate is None:
        raise NotStatic("it has to be computed")
    try:
        return evaluate(node, scope)
    except (NotStatic, RecursionError):
        raise
    except Exception as error:
        # What raises here raises where it is run too; there it is reported with its traceback.
        raise NotStatic(f"{type(error).__name__}: {error}") from None


def type_(node: ast.expr, scope: Scope) -> Any:
    """The type that an annotation means. A text inside of one is not followed.

    Raises:
        NotStatic: the source alone does not tell.
    """
    if isinstance(node, ast.Name | ast.Attribute | ast.Call):
        found = value(node, scope)
        if isinstance(found, str):
            raise NotStatic("it is a text that names a type")
        return found
    if isinstance(node, ast.Constant) and (node.value is None or node.value is Ellipsis):
        return node.value
    if isinstance(node, ast.Subscript):
        return _generic(node, scope)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union([type_(node.left, scope), type_(node.right, scope)])
    if isinstance(node, ast.Tuple | ast.List):
        items = [type_(item, scope) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    raise NotStatic("it is not an annotation that can be followed")


def parse(text: str) -> ast.expr:
    """The expression that an annotation written as a text holds.

    Raises:
        NotStatic: it is none.
    """
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise NotStatic(f"{text!r} is not an annotation") from None


def _generic(node: ast.Subscript, scope: Scope) -> Any:
    base = type_(node.value, scope)
    try:
        if _is(base, "Literal"):
            return base[value(node.slice, scope)]
        if _is(base, "Annotated") and isinstance(node.slice, ast.Tuple):
            first, *rest = node.slice.elts
            described = (type_(first, scope), *(value(item, scope) for item in rest))
            return base[described]
        inner = type_(node.slice, scope)
        if base is typing.Union or base is typing.Optional:
            members = [*(inner if isinstance(inner, tuple) else [inner])]
            members += [None] if base is typing.Optional else []
            return _union(members) if any(m is not None for m in members) else None
        if base in _GENERICS:
            return GenericAlias(base, inner if isinstance(inner, tuple) else (inner,))
        return base[inner]
    except TypeError as error:
        raise NotStatic(str(error)) from None


def _is(base: object, name: str) -> bool:
    """Whether `base` is typing's form of that name, or typing_extensions' own one."""
    modules = (typing, sys.modules.get("typing_extensions"))
    return any(base is getattr(module, name, None) for module in modules if module)


def _union(members: list[Any]) -> Any:
    try:
        return reduce(operator.or_, members)
    except TypeError as error:
        raise NotStatic(str(error)) from None


def _name(node: ast.Name, scope: Scope) -> Any:
    return scope.lookup(node.id)


def _attribute(node: ast.Attribute, scope: Scope) -> Any:
    owner = value(node.value, scope)
    if isinstance(owner, ModuleType):
        return allowed.attribute(owner, node.attr)
    if isinstance(owner, enum.EnumMeta) and node.attr in owner.__members__:
        return owner[node.attr]
    if isinstance(owner, enum.Enum) and node.attr in ("name", "value"):
        return getattr(owner, node.attr)
    if owner is timezone and node.attr == "utc":
        return timezone.utc
    raise NotStatic(f"the attribute `{node.attr}` has to be looked up")


def _call(node: ast.Call, scope: Scope) -> Any:
    called = value(node.func, scope)
    if not allowed.callable_(called):
        raise NotStatic(f"`{ast.unparse(node.func)}` has to be called")
    if any(keyword.arg is None for keyword in node.keywords):
        raise NotStatic("its arguments are not spelled out")
    arguments = [value(argument, scope) for argument in node.args]
    options = {str(keyword.arg): value(keyword.value, scope) for keyword in node.keywords}
    return called(*arguments, **options)


def _binary(node: ast.BinOp, scope: Scope) -> Any:
    if isinstance(node.op, ast.BitOr):
        return type_(node, scope)
    operate = _OPERATORS.get(type(node.op))
    left, right = value(node.left, scope), value(node.right, scope)
    numbers = isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS)
    joined = (
        isinstance(node.op, ast.Add)
        and type(left) is type(right)
        and isinstance(left, str | list | tuple)
        and len(left) + len(right) <= _MOST_ITEMS
    )
    path = isinstance(node.op, ast.Div) and isinstance(left, PurePath)
    times = isinstance(left, _TIMES) or isinstance(right, _TIMES)
    if operate is None or not (numbers or joined or path or times):
        raise NotStatic("it has to be computed")
    if numbers and any(isinstance(n, int) and n.bit_length() > _MOST_BITS for n in (left, right)):
        raise NotStatic("it has to be computed")
    return operate(left, right)


def _unary(node: ast.UnaryOp, scope: Scope) -> Any:
    operand = value(node.operand, scope)
    if isinstance(node.op, ast.USub) and isinstance(operand, (int, float, Decimal, timedelta)):
        return -operand
    if isinstance(node.op, ast.UAdd) and isinstance(operand, _NUMBERS):
        return +operand
    if isinstance(node.op, ast.Not) and (operand is None or isinstance(operand, _TEXT)):
        return not operand
    raise NotStatic("it has to be computed")


def _joined(node: ast.JoinedStr, scope: Scope) -> str:
    parts = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
            continue
        if not isinstance(part, ast.FormattedValue) or part.format_spec or part.conversion != -1:
            raise NotStatic("it has to be computed")
        inner = value(part.value, scope)
        if type(inner) not in (str, int, float, bool):
            raise NotStatic("it has to be computed")
        parts.append(str(inner))
    if sum(map(len, parts)) > _MOST_ITEMS:
        raise NotStatic("it is too long")
    return "".join(parts)


def _items(nodes: list[ast.expr], scope: Scope) -> list[Any]:
    return [value(node, scope) for node in nodes]


def _dict(node: ast.Dict, scope: Scope) -> dict[Any, Any]:
    keys = [value(key, scope) for key in node.keys if key is not None]
    if len(keys) != len(node.keys):
        raise NotStatic("its items are not spelled out")
    return dict(zip(keys, _items(node.values, scope), strict=True))


def _subscript(node: ast.Subscript, scope: Scope) -> Any:
    return _generic(node, scope)


_VALUES: Mapping[type[ast.expr], Callable[[Any, Scope], Any]] = {
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.JoinedStr: _joined,
    ast.List: lambda node, scope: _items(node.elts, scope),
    ast.Tuple: lambda node, scope: tuple(_items(node.elts, scope)),
    ast.Set: lambda node, scope: set(_items(node.elts, scope)),
    ast.Dict: _dict,
    ast.Subscript: _subscript,
}
