"""What each name at the top of a file stands for: for certain, or not at all."""

from __future__ import annotations

import ast

import pytest

from flowlift.repo.flows.module import (
    Assigned,
    Binding,
    Defined,
    ImportedName,
    Module,
    NotStatic,
    Undefined,
)


def module(source: str) -> Module:
    return Module.parse("m.py", source.encode(), script=True)


def binding(source: str, name: str = "x") -> Binding | None:
    return module(source).binding(name)


def imported(source: str, name: str) -> tuple[str, str | None, int]:
    found = binding(source, name)
    assert isinstance(found, ImportedName)
    return found.module, found.attribute, found.level


def test_imports_say_where_a_name_is_from() -> None:
    assert imported("import a.b", "a") == ("a", None, 0)
    assert imported("import a.b as x", "x") == ("a.b", None, 0)
    assert imported("from a.b import c as x", "x") == ("a.b", "c", 0)
    assert imported("from ..a import x", "x") == ("a", "x", 2)
    assert imported("from . import x", "x") == ("", "x", 1)


def test_functions_classes_and_values_are_bound() -> None:
    assert isinstance(binding("def x(): ..."), Defined)
    assert isinstance(binding("async def x(): ..."), Defined)
    assert isinstance(binding("class x: ..."), Defined)
    for source in ("x = 1", "x: int = 1", "y = x = 1"):
        found = binding(source)
        assert isinstance(found, Assigned)
        assert ast.unparse(found.value) == "1"
    assert binding("x: int") is None
    assert binding("y = 1") is None


def test_a_name_means_what_was_bound_last_before_the_statement() -> None:
    source = module("x = 1\ny = 2\nx = 3\n")
    (first, last) = (source.binding("x", 1), source.binding("x"))
    assert isinstance(first, Assigned)
    assert isinstance(last, Assigned)
    assert [ast.unparse(one.value) for one in (first, last)] == ["1", "3"]
    assert source.binding("x", 0) is None


@pytest.mark.parametrize(
    "source",
    [
        "if y:\n    x = 1",
        "if y: ...\nelse:\n    def x(): ...",
        "for x in y: ...",
        "for y in z:\n    import x",
        "while y:\n    x = 1",
        "with y as x: ...",
        "try:\n    import x\nexcept ImportError:\n    x = None",
        "try: ...\nexcept E:\n    x = 1",
        "x, y = 1, 2",
        "x = 1\ndel x",
        "x = 1\nx += 1",
        "match y:\n    case x: ...",
        "match y:\n    case [*x]: ...",
        "match y:\n    case 1:\n        x = 1",
        "print(x := 1)\nx = 1",
        "x = 1\ndef f():\n    global x",
        "x = 1\nfrom a import *",
    ],
)
def test_what_depends_on_what_runs_is_not_sure(source: str) -> None:
    with pytest.raises(NotStatic, match="`x` "):
        binding(source)


def test_what_is_bound_after_it_may_be_is_sure() -> None:
    assert isinstance(binding("if y:\n    x = 1\nx = 2"), Assigned)
    assert isinstance(binding("from a import *\nx = 2"), Assigned)


def test_what_runs_only_as_a_script_or_for_type_checkers_binds_nothing() -> None:
    assert binding("if __name__ == '__main__':\n    x = 1") is None
    source = module("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas as x\n")
    assert source.binding("x") is None
    reason = str(source.undefined("x"))
    assert reason == "`x` is imported from pandas for type checkers only"
    other = "import typing\nif typing.TYPE_CHECKING:\n    from a.b import x\nelse:\n    x = 1"
    assert isinstance(binding(other), Assigned)


def test_a_name_that_nothing_binds_is_told_apart() -> None:
    reason = module("").undefined("x")
    assert isinstance(reason, Undefined)
    assert str(reason) == "`x` is not defined"


@pytest.mark.parametrize(
    ("source", "postponed"),
    [
        ("from __future__ import annotations", True),
        ('"""Doc."""\nfrom __future__ import division, annotations', True),
        ("from __future__ import division", False),
        ("x = 'from __future__ import annotations'", False),
    ],
)
def test_annotations_are_postponed_where_the_file_says_so(source: str, postponed: bool) -> None:
    assert module(source).postponed is postponed


@pytest.mark.parametrize(
    ("source", "dynamic"),
    [
        ("globals()['x'] = 1", True),
        ("from a import *", True),
        ("def __getattr__(name): ...", True),
        ("exec('x = 1')", True),
        ("x = 1", False),
        ("evaluate = 1", False),
    ],
)
def test_a_module_may_make_names_that_its_text_does_not_show(source: str, dynamic: bool) -> None:
    assert module(source).dynamic is dynamic


@pytest.mark.parametrize(
    ("statement", "changes"),
    [
        ("x.append(1)", True),
        ("x[0] = 1", True),
        ("del x[0]", True),
        ("x += [1]", True),
        ("f(x)", True),
        ("f(key=x)", True),
        ("f(*x)", True),
        ("y = x", True),
        ("def f():\n    return x", True),
        ("print(x[0])", False),
        ("for y in x: ...", False),
        ("z.append(1)", False),
    ],
)
def test_a_list_may_be_changed_where_it_is_touched_or_handed_on(
    statement: str, changes: bool
) -> None:
    assert module(f"x = [0]\n{statement}").changes("x") is changes


def test_every_function_is_listed_with_its_dotted_name() -> None:
    source = (
        "def a():\n    def inner(): ...\n"
        "class B:\n    async def c(self): ...\n    class D:\n        def e(self): ...\n"
        "if x:\n    def f(): ...\n"
        "try:\n    def g(): ...\nexcept E: ...\n"
    )
    assert [name for name, _ in module(source).functions()] == ["a", "B.c", "B.D.e", "f", "g"]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (b"x = 1\ndef f(:\n", 2),
        (b"x = '\0'\n", None),
        (b"# coding: nonsense\n", None),
        (b"\xff\n", None),
        (b"x = " + b"(" * 5000 + b")" * 5000, None),
    ],
)
def test_what_this_python_cannot_read_is_a_syntax_error(source: bytes, line: int | None) -> None:
    with pytest.raises(SyntaxError) as caught:
        Module.parse("m.py", source, script=True)
    assert caught.value.msg
    if line:
        assert caught.value.lineno == line
