"""The flow behind a name of a module: found for certain, refused, or left to running the code."""

from __future__ import annotations

import pytest

from flowlift.errors import Position
from flowlift.repo.entrypoint import Unreadable
from flowlift.repo.flows.definition import (
    Definition,
    Elsewhere,
    find,
    find_roughly,
    name_trouble,
)
from flowlift.repo.flows.module import Module, NotStatic

FLOW = "from prefect import flow\n"


def module(source: str) -> Module:
    return Module.parse("a.py", source.encode(), script=True)


def found(source: str, name: str = "f") -> Definition:
    one = find(module(FLOW + source), tuple(name.split(".")))
    assert isinstance(one, Definition), one
    return one


def refused(source: str, name: str = "f") -> Unreadable:
    one = find(module(FLOW + source), tuple(name.split(".")))
    assert isinstance(one, Unreadable), one
    return one


# Found -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "@flow\ndef f(): ...",
        "@flow()\ndef f(): ...",
        "@flow\nasync def f(): ...",
        "import prefect\n@prefect.flow\ndef f(): ...",
        "import prefect as p\n@p.flow(name='x')\ndef f(): ...",
        "from prefect.flows import flow as job\n@job\ndef f(): ...",
        "import prefect.flows\n@prefect.flows.flow\ndef f(): ...",
        "def g(): ...\nf = flow(g)",
        "def g(): ...\nf = flow(g, name='x')",
        "def g(): ...\nf = flow(name='x')(g)",
        "@flow\ndef g(): ...\nf = g",
        "@flow\ndef g(): ...\nf = g.with_options(name='x')",
    ],
)
def test_each_way_to_make_a_flow_is_one(source: str) -> None:
    assert found(source).function.name in {"f", "g"}


def test_the_last_definition_is_the_one() -> None:
    assert found("@flow\ndef f(): ...\n@flow\ndef f(x): ...").at == Position("a.py", 5)


def test_a_method_is_found_in_its_class_and_in_classes_within() -> None:
    source = (
        "class A:\n    @flow\n    def f(self): ...\n"
        "    class B:\n        @flow\n        def f(self): ..."
    )
    assert found(source, "A.f").at.line == 4
    assert found(source, "A.B.f").at.line == 7


@pytest.mark.parametrize("beside", ["@staticmethod\n    @flow", "@flow\n    @classmethod"])
def test_what_leaves_name_and_parameters_alone_may_stand_beside(beside: str) -> None:
    assert found(f"class A:\n    {beside}\n    def f(self): ...", "A.f").options == {}


def test_an_imported_name_is_elsewhere() -> None:
    one = find(module("from .impl import g as f"), ("f",))
    assert isinstance(one, Elsewhere)
    assert (one.imported.module, one.imported.attribute, one.imported.level) == ("impl", "g", 1)


def test_options_are_those_that_a_deployment_takes_something_from() -> None:
    source = "N = 'x'\n@flow(name=N, version=None, description='', retries=3)\ndef f(): ..."
    one = found(source)
    assert set(one.options) == {"name"}
    assert one.option("name") == "x"
    assert one.option("description") is None


def test_the_last_options_win_and_see_the_names_of_their_own_line() -> None:
    source = "N = 'a'\n@flow(name=N)\ndef g(): ...\nN = 'b'\nf = g.with_options(version=N)\nN = 'c'"
    one = found(source)
    assert (one.option("name"), one.option("version")) == ("a", "b")


def test_an_option_that_has_to_be_computed_is_left_to_running_it() -> None:
    with pytest.raises(NotStatic):
        found("@flow(name=input())\ndef f(): ...").option("name")


def test_a_docstring_is_cleaned_as_python_does() -> None:
    documented = '@flow\ndef f():\n    """One.\n\n      Two.\n    Three.\n    """'
    assert found(documented).docstring == "One.\n\n  Two.\nThree."
    assert found("@flow\ndef f(): ...").docstring is None


def test_names_of_the_class_hide_those_of_the_module() -> None:
    source = "N = 1\nclass A:\n    N = 2\n    @flow\n    def f(self, n=N): ..."
    with pytest.raises(NotStatic):
        found(source, "A.f").scope().lookup("N")


# Refused ---------------------------------------------------------------------------------


def test_a_missing_function_names_the_nearest_one() -> None:
    source = "@flow\ndef load_orders(): ...\n@flow\ndef other(): ..."
    one = refused(source, "load_order")
    assert (one.kind, one.at) == ("missing-function", Position("a.py"))
    assert one.remedy == "Is 'load_orders' meant, in line 3?"
    assert refused(source, "zzz").remedy == "Flows in this file: load_orders, other."
    assert refused("x = 1", "zzz").remedy == "This file has no flow at all."


def test_a_missing_method_names_the_nearest_one() -> None:
    assert "'A.run'" in refused("class A:\n    @flow\n    def run(self): ...", "A.rum").remedy


def test_a_function_inside_another_one_cannot_be_reached() -> None:
    one = refused("def outer():\n    @flow\n    def f(): ...")
    assert (one.kind, one.at) == ("missing-function", Position("a.py", 4))
    assert "inside another function" in one.remedy


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("def f(): ...", "a function"),
        ("from prefect import task\n@task\ndef f(): ...", "a task"),
        ("class f: ...", "a class"),
        ("f = 3", "a plain value"),
    ],
)
def test_what_is_there_and_no_flow_is_told_at_its_line(source: str, what: str) -> None:
    one = refused(source)
    assert one.kind == "not-a-flow"
    assert f"'f' is {what}, and not a flow." in one.message
    assert one.at
    assert one.at.line > 1


@pytest.mark.parametrize("letter", list("/%&><"))
def test_letters_that_prefect_refuses_in_a_name(letter: str) -> None:
    one = name_trouble(f"a{letter}b", Position("a.py", 3))
    assert one
    assert (one.kind, one.at) == ("malformed", Position("a.py", 3))
    assert repr(letter) in one.message
    assert name_trouble("a-b c.d", Position("a.py", 3)) is None


# Left to running it ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "from company import audited\n@audited\n@flow\ndef f(): ...",
        "if x:\n    @flow\n    def f(): ...",
        "from company import *",
        "globals()['f'] = 1",
        "f = [1]",
        "f = make()",
        "f = flow(print)",
        "@flow\ndef g(): ...\nf = flow(g)",
        "@flow(nmae='x')\ndef f(): ...",
        "@flow(*options)\ndef f(): ...",
        "@flow('x')\ndef f(): ...",
        "from elsewhere import flow\n@flow\ndef f(): ...",
        "@decorated\nclass f: ...",
        "f = nothing",
    ],
)
def test_what_only_running_tells_is_not_guessed(source: str) -> None:
    with pytest.raises(NotStatic):
        find(module(FLOW + source), ("f",))


@pytest.mark.parametrize(
    "source",
    [
        "class A(Base):\n    pass",
        "@decorated\nclass A:\n    @flow\n    def f(self): ...",
        "class A(metaclass=M):\n    @flow\n    def f(self): ...",
        "class A:\n    @classmethod\n    @flow\n    def f(self): ...",
        "class A:\n    f = flow(print)",
        "A = make()",
    ],
)
def test_a_class_that_does_more_is_not_looked_into(source: str) -> None:
    with pytest.raises(NotStatic):
        find(module(FLOW + source), ("A", "f"))


# Roughly ---------------------------------------------------------------------------------


def test_roughly_a_condition_and_other_decorators_are_passed_over_and_said() -> None:
    source = "if x:\n    @flow(name='one')\n    @audited(level=3)\n    def f(): ..."
    one, unread = find_roughly(module(FLOW + source), ("f",))
    assert isinstance(one, Definition)
    assert one.option("name") == "one"
    assert unread == ["decorator `@audited(level=3)` could not be read: it has to be run"]


def test_roughly_a_name_that_is_only_called_flow_counts_where_it_cannot_be_told() -> None:
    source = "try:\n    from prefect import flow\nexcept ImportError: ...\n@flow\ndef f(): ..."
    one, unread = find_roughly(module(source), ("f",))
    assert isinstance(one, Definition)
    assert unread == []


@pytest.mark.parametrize("source", ["@job\ndef f(): ...", "from company import f", "f = make()"])
def test_roughly_nothing_is_a_flow_that_is_not_called_one(source: str) -> None:
    with pytest.raises(NotStatic):
        find_roughly(module(source), ("f",))
