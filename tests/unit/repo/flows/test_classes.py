"""Enumerations and models that are built from their source: those of plain data, and no others.

They are asked for by their name, as an annotation of a flow's parameter does. That their schema is
the one that Prefect registers is compared in `tests/real/repo/flows/test_signature.py`.
"""

from __future__ import annotations

import ast
import enum
import textwrap
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from flowlift.repo.flows.evaluation import type_, value
from flowlift.repo.flows.module import Module, NotStatic
from flowlift.repo.flows.scopes import ModuleScope

HEAD = """\
import enum
from enum import Enum, IntEnum, auto, unique
from typing import ClassVar, Optional
from pydantic import BaseModel, ConfigDict, Field, field_validator
from company import Base, decorated
LIMIT = 3
"""


def module(source: str) -> Module:
    text = HEAD + textwrap.dedent(source)
    return Module.parse("m.py", text.encode(), script=True)


def built(source: str, name: str = "X") -> Any:
    scope = ModuleScope(module(source))
    return type_(ast.parse(name, mode="eval").body, scope)


def refused(source: str, name: str = "X") -> str:
    with pytest.raises(NotStatic) as caught:
        built(source, name)
    return str(caught.value)


# Enumerations ----------------------------------------------------------------------------


def test_an_enumeration_has_its_members_in_order() -> None:
    found = built('class X(Enum):\n    """How much."""\n    B = "b"\n    A = LIMIT + 1\n')
    assert issubclass(found, enum.Enum)
    assert [(one.name, one.value) for one in found] == [("B", "b"), ("A", 4)]
    assert (found.__name__, found.__doc__) == ("X", "How much.")


def test_members_may_count_by_themselves_and_be_of_a_plain_type() -> None:
    found = built("class X(IntEnum):\n    A = auto()\n    B = enum.auto()\n")
    assert [one.value for one in found] == [1, 2]
    assert isinstance(found.A, int)
    assert isinstance(built("class X(str, Enum):\n    A = 'a'\n").A, str)
    assert built("@unique\nclass X(Enum):\n    A = 1\n").A.value == 1


def test_a_plain_method_or_property_says_nothing_of_the_schema() -> None:
    source = """
        class X(Enum):
            A = 1

            @property
            def loud(self):
                return self.name.upper()

            def shown(self): ...
    """
    assert [one.name for one in built(source)] == ["A"]


@pytest.mark.parametrize(
    "body",
    [
        "A = 1\n    A2 = A",
        "_ignore_ = []\n    A = 1",
        "A, B = 1, 2",
        "A = print()",
        "A = 1\n    def __str__(self): ...",
        "A = 1\n    def _missing_(cls, value): ...",
        "A = 1\n    @property\n    def value(self): ...",
        "A = 1\n    @staticmethod\n    def f(): ...",
        "A = 1\n    for n in range(3): ...",
        "A: int = 1",
    ],
)
def test_an_enumeration_that_does_more_has_to_be_run(body: str) -> None:
    refused(f"class X(Enum):\n    {body}\n")


@pytest.mark.parametrize(
    "head",
    ["class X(Enum, metaclass=M)", "class X(Base, Enum)", "@decorated\nclass X(Enum)", "class X"],
)
def test_a_class_of_another_kind_has_to_be_run(head: str) -> None:
    refused(f"{head}:\n    A = 1\n")


def test_members_are_used_as_defaults() -> None:
    scope = ModuleScope(module("class X(Enum):\n    A = 1\n"))
    member = value(ast.parse("X.A", mode="eval").body, scope)
    assert isinstance(member, enum.Enum)
    assert member.value == 1


# Models ----------------------------------------------------------------------------------


def test_a_model_has_its_fields_with_types_defaults_and_bounds() -> None:
    source = """
        class X(BaseModel):
            '''A job.'''
            model_config = ConfigDict(extra="forbid")
            n: int
            text: "Optional[str]" = None
            limit: int = Field(default=LIMIT, ge=1, description="at most")
    """
    found = built(source)
    assert issubclass(found, BaseModel)
    schema = found.model_json_schema()
    assert (schema["title"], schema["description"]) == ("X", "A job.")
    assert schema["required"] == ["n"]
    assert schema["properties"]["limit"] == {
        "default": 3,
        "description": "at most",
        "minimum": 1,
        "title": "Limit",
        "type": "integer",
    }
    assert schema["additionalProperties"] is False
    with pytest.raises(ValidationError):
        found(n="x")


def test_a_model_may_be_of_another_one_and_hold_others() -> None:
    source = """
        class Tier(Enum):
            FREE = "free"

        class Job(BaseModel):
            n: int = 1

        class X(Job):
            tier: Tier = Tier.FREE
            jobs: list[Job] = []
    """
    properties = built(source).model_json_schema()["properties"]
    assert list(properties) == ["n", "tier", "jobs"]
    assert properties["tier"]["default"] == "free"


@pytest.mark.parametrize(
    "body",
    [
        "n: int\n    @field_validator('n')\n    def f(cls, value): ...",
        "n: int\n    def model_post_init(self, context): ...\n    def __init__(self): ...",
        "_n: int = 1",
        "n = 1",
        "n: ClassVar[int] = 1",
        "n: Base",
        "n: int = print()",
        "model_config: ConfigDict = ConfigDict()",
        "n: int\n    model_config = print()",
        "n: int\n    class Config: ...",
        "if LIMIT:\n        n: int",
    ],
)
def test_a_model_that_does_more_has_to_be_run(body: str) -> None:
    refused(f"class X(BaseModel):\n    {body}\n")


@pytest.mark.parametrize(
    "head",
    [
        "@decorated\nclass X(BaseModel)",
        "class X(BaseModel, frozen=True)",
        "class X(Base, BaseModel)",
    ],
)
def test_a_model_that_is_made_in_another_way_has_to_be_run(head: str) -> None:
    refused(f"{head}:\n    n: int\n")


def test_a_configuration_of_a_model_of_another_one_has_to_be_run() -> None:
    source = (
        "class Y(BaseModel):\n    n: int\n"
        "class X(Y):\n    model_config = ConfigDict(extra='forbid')\n    m: int\n"
    )
    assert refused(source) == "the class `X` has to be run"


def test_names_of_the_body_are_not_those_of_the_module() -> None:
    refused("class X(BaseModel):\n    LIMIT: int = 1\n    n: int = LIMIT\n")


def test_a_class_means_what_it_meant_where_it_stands() -> None:
    found = built("class X(BaseModel):\n    n: int = LIMIT\nLIMIT = 4\n")
    assert found.model_json_schema()["properties"]["n"]["default"] == 3


def test_classes_of_one_name_in_two_modules_are_two() -> None:
    one, other = (built(f"class X(Enum):\n    A = {number}\n") for number in (1, 2))
    assert one is not other
    assert (one.A.value, other.A.value) == (1, 2)
