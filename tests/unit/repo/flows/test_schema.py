"""The JSON schema of a flow's parameters. That it is Prefect's own, key by key, is compared in
`tests/real/repo/flows/test_signature.py`.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, create_model

from flowlift.repo.flows import schema as module
from flowlift.repo.flows.module import NotStatic
from flowlift.repo.flows.schema import build
from flowlift.repo.flows.signature import Parameter


def properties(*parameters: Parameter, **descriptions: str) -> dict[str, Any]:
    found: dict[str, Any] = build(parameters, descriptions)["properties"]
    return found


def one(annotation: Any, *default: Any) -> dict[str, Any]:
    """The schema of a single parameter, without what every parameter has."""
    found = properties(Parameter("x", annotation, *default))["x"]
    assert (found.pop("title"), found.pop("position")) == ("x", 0)
    return dict(found)


class Tier(enum.Enum):
    FREE = "free"


class Job(BaseModel):
    n: int


class Unknown:
    """A class that pydantic knows nothing of."""


def test_without_parameters_there_are_no_properties() -> None:
    assert build([], {}) == {"title": "Parameters", "type": "object", "properties": {}}


def test_parameters_have_their_position_title_and_what_is_required() -> None:
    found = build([Parameter("a", int), Parameter("b", str, "x"), Parameter("c")], {"b": "why"})
    assert found["required"] == ["a", "c"]
    assert found["properties"] == {
        "a": {"position": 0, "title": "a", "type": "integer"},
        "b": {"default": "x", "description": "why", "position": 1, "title": "b", "type": "string"},
        "c": {"position": 2, "title": "c"},
    }
    assert [list(entry) for entry in found["properties"].values()][1] == sorted(
        found["properties"]["b"]
    )


@pytest.mark.parametrize("name", ["self", "cls"])
def test_what_a_method_gets_by_itself_keeps_its_position_and_is_no_parameter(name: str) -> None:
    found = properties(Parameter(name), Parameter("x", int))
    assert list(found) == ["x"]
    assert found["x"]["position"] == 1


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (bool, {"type": "boolean"}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (Literal["a", "b"], {"enum": ["a", "b"], "type": "string"}),
        (date, {"format": "date", "type": "string"}),
        (Path, {"format": "path", "type": "string"}),
        (Annotated[int, Field(ge=3)], {"type": "integer", "minimum": 3}),
        (Any, {}),
        (Unknown, {}),
    ],
)
def test_a_type_has_the_schema_that_pydantic_gives_it(
    annotation: Any, expected: dict[str, Any]
) -> None:
    assert one(annotation) == expected


def test_a_type_without_a_schema_is_any_and_the_others_keep_theirs() -> None:
    found = properties(
        Parameter("f", Callable[[int], int]), Parameter("x", int), Parameter("j", Job)
    )
    assert set(found["f"]) == {"position", "title"}
    assert found["x"]["type"] == "integer"
    assert "Job" in str(found["j"])


def test_what_pydantic_fails_at_otherwise_has_to_be_run() -> None:
    with pytest.raises(NotStatic, match="pydantic fails"):
        properties(Parameter("x", "no type at all"))


def test_models_and_enumerations_are_definitions() -> None:
    found = build([Parameter("job", Job), Parameter("tier", Tier, Tier.FREE)], {})
    assert set(found["definitions"]) == {"Job", "Tier"}
    assert "$defs" not in found
    assert "#/definitions/Job" in str(found["properties"]["job"])
    assert found["properties"]["tier"]["default"] == "free"
    assert found["required"] == ["job"]


@pytest.mark.parametrize(
    ("default", "shown"),
    [
        (None, None),
        ("é", "é"),
        ([1, {"a": [True]}], [1, {"a": [True]}]),
        (date(2024, 1, 2), "2024-01-02"),
        (Path("a/b"), "a/b"),
        ((1, 2), [1, 2]),
    ],
)
def test_a_default_is_shown_as_json(default: Any, shown: Any) -> None:
    assert one(Any, default)["default"] == shown


def test_a_field_as_default_says_more_of_the_parameter() -> None:
    found = one(int, Field(default=3, description="how many", json_schema_extra={"unit": "s"}))
    assert found == {"default": 3, "description": "how many", "type": "integer", "unit": "s"}
    assert "default" not in one(int, Field(description="how many"))


@pytest.mark.parametrize("name", ["copy", "json", "dict", "schema"])
def test_a_parameter_may_have_the_name_of_something_that_every_model_has(name: str) -> None:
    found = build([Parameter(name, Job), Parameter("x", Job)], {})
    assert list(found["properties"]) == [name, "x"]
    assert found["properties"][name]["title"] == name
    assert found["required"] == [name, "x"]


def test_numbers_that_json_has_not_do_not_break_the_others() -> None:
    found = build([Parameter("x", float, math.inf), Parameter("y", int, 1)], {})
    assert found["properties"]["y"]["default"] == 1


def test_pydantic_is_asked_once_for_each_type(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    real = module._schema

    def noted(fields: dict[str, Any]) -> dict[str, Any]:
        asked.append(fields)
        return real(fields)

    monkeypatch.setattr(module, "_schema", noted)
    monkeypatch.setattr(module, "_fragments", {})
    for _ in range(3):
        build([Parameter("a", int), Parameter("b", list[int], [1])], {})
    assert len(asked) == 2


def test_classes_of_two_files_with_one_name_are_not_taken_for_each_other() -> None:
    def job(kind: type) -> type[BaseModel]:
        return create_model("Job", __module__="flowlift.x", n=(kind, ...))

    found = [build([Parameter("x", job(kind))], {})["definitions"]["Job"] for kind in (int, str)]
    assert [one["properties"]["n"]["type"] for one in found] == ["integer", "string"]
