"""Which job variables a template refuses, in words that hold no values."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.worker.values.rules import refusals


def refused(properties: Any, given: dict[str, Any], **more: Any) -> list[tuple[str, str, str]]:
    template = {"variables": {"properties": properties, **more}, "job_configuration": {"a": 1}}
    return [(item.kind, item.variable, item.reason) for item in refusals(template, given)]


def test_what_fits_is_not_refused() -> None:
    assert refused({"n": {"type": "integer"}}, {"n": 3, "unknown": "x"}) == []
    assert refused({}, {"n": 3}) == []
    assert refusals({}, {"n": 3}) == []


def test_a_wrong_type_is_told_without_the_value() -> None:
    told = refused({"n": {"type": "integer"}}, {"n": "hunter2"})
    assert told == [("value", "n", "a text, not of type integer or null")]


@pytest.mark.parametrize(
    ("rule", "value", "says"),
    [
        ({"enum": ["a", "b"]}, "hunter2", "none of a, b"),
        ({"type": "object", "properties": {"m": {"type": "array"}}}, {"m": 1}, "m: a whole number"),
        ({"type": "string", "maxLength": 3}, "hunter2", "against its maxLength: 3"),
        ({"anyOf": [{"$ref": "#/definitions/x"}]}, "hunter2", "nothing that is allowed"),
    ],
)
def test_other_reasons_hold_no_value_either(rule: Any, value: Any, says: str) -> None:
    told = refused({"n": rule}, {"n": value}, definitions={"x": {"type": "null"}})
    assert says in told[0][2]
    assert "hunter2" not in str(told)


def test_null_is_taken_where_nothing_is_required() -> None:
    assert refused({"n": {"type": "integer"}}, {"n": None}) == []
    assert refused({"n": {"type": "integer"}}, {"n": None}, required=["n"])[0][0] == "value"


def test_a_required_variable_without_default_is_missed() -> None:
    rules = {"n": {"type": "integer"}, "m": {"type": "integer", "default": 1}}
    told = refused(rules, {}, required=["n", "m"])
    assert [item[:2] for item in told] == [("required", "n")]
    assert refused(rules, {"n": 1}, required=["n", "m"]) == []


def test_an_unsound_default_lifts_what_is_required() -> None:
    rules = {"n": {"type": "integer"}, "m": {"type": "integer", "default": "x"}}
    assert refused(rules, {}, required=["n"]) == []


def test_a_default_from_a_block_counts_as_given() -> None:
    block = {"type": "object", "default": {"$ref": {"block_document_id": "x"}}}
    assert refused({"n": block}, {}, required=["n"]) == []


def test_a_broken_schema_refuses_everything() -> None:
    told = refused({"n": {"type": "strng"}}, {})
    assert told[0][:2] == ("schema", "")
    assert refusals({"variables": "x"}, {})[0].kind == "schema"


def test_references_never_leave_the_template() -> None:
    told = refused({"n": {"$ref": "http://127.0.0.1:9/schema"}}, {"n": 1})
    assert "leads nowhere" in told[0][2]
    told = refused({"n": {"$ref": "#/properties/n"}}, {"n": 1})
    assert "back to itself" in told[0][2]
