"""Expressions of a flow's source: worked out exactly, or not at all."""

from __future__ import annotations

import ast
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from flowlift.repo.flows.evaluation import type_, value
from flowlift.repo.flows.module import Module, NotStatic, Undefined
from flowlift.repo.flows.scopes import ModuleScope

MODULE = b"""
import datetime as dt
import enum
import pandas
from decimal import Decimal
from pathlib import Path
from prefect import flow

A = 2
B = "b"
LIST = [A, B]
CHANGED = [1]
CHANGED.append(2)
AGAIN = 1
AGAIN = 2
if A:
    MAYBE = 1
for LOOPED in range(3): pass

class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"

class Size(enum.Enum):
    SMALL = enum.auto()

def helper(): ...
"""


def scope() -> ModuleScope:
    return ModuleScope(Module.parse("m.py", MODULE, script=True))


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A + 3 * -A", -4),
        ("f'{B}-{A}'", "b-2"),
        ("LIST", [2, "b"]),
        ("{'a': LIST, 'b': (1, None)}", {"a": [2, "b"], "b": (1, None)}),
        ("AGAIN", 2),
        ("Color.RED.value", "red"),
        ("Color('red').name", "RED"),
        ("Size.SMALL.value", 1),
        ("dt.date(2024, 1, 1) + dt.timedelta(days=A)", date(2024, 1, 3)),
        ("-dt.timedelta(hours=1)", timedelta(hours=-1)),
        ("Decimal('1.5') * A", Decimal(3)),
        ("Path('a') / 'b'", Path("a/b")),
        ("int('3') // 2", 1),
        ("not A", False),
    ],
)
def test_what_is_certain_is_worked_out(text, expected):
    assert value(expression(text), scope()) == expected


@pytest.mark.parametrize(
    "text",
    [
        "helper()",
        "flow",
        "pandas.NA",
        "dt.datetime.now()",
        "Path.home()",
        "CHANGED",
        "MAYBE",
        "LOOPED",
        "__name__",
        "[n for n in LIST]",
        "LIST[0]",
        "1 / 0",
        "A if A else B",
        "'%s' % B",
        "B * 10**9",
        "2 ** 2",
        "open('x')",
        "__import__('os').system('true')",
        "().__class__.__bases__",
        "print.__self__",
        "dt.sys.exit()",
        "lambda: 1",
        "dict(**{})",
        "f'{A:>3}'",
        "Color.RED._value_",
    ],
)
def test_what_is_not_certain_is_left_to_running_it(text):
    with pytest.raises(NotStatic):
        value(expression(text), scope())


def test_a_name_that_nothing_binds_is_told_apart():
    with pytest.raises(Undefined, match="`nowhere` is not defined"):
        value(expression("nowhere"), scope())


@pytest.mark.parametrize("text", ["'int'", "list['int']", "pandas.DataFrame", "[int]()", "1 + 1"])
def test_types_that_are_not_certain_are_left_to_running_it(text):
    with pytest.raises(NotStatic):
        type_(expression(text), scope())


def test_unions_keep_the_order_of_their_own_source():
    scope_ = ModuleScope(
        Module.parse("m.py", b"from typing import List, Optional, Union\n", script=True)
    )
    texts = ["List[Union[int, str]]", "List[Union[str, int]]", "Optional[List[Union[str, int]]]"]
    shown = [str(type_(expression(text), scope_)) for text in texts]
    assert shown == ["list[int | str]", "list[str | int]", "list[str | int] | None"]


def test_a_name_means_what_it_meant_where_it_is_used():
    module = Module.parse("m.py", b"N = 1\nM = N\nN = 2\n", script=True)
    assert value(expression("M"), ModuleScope(module)) == 1
    assert value(expression("N"), ModuleScope(module)) == 2
