"""Parameters against the signature of the flow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlift.findings import Finding
from flowlift.plan.checks.parameters import check_parameters
from flowlift.plan.checks.report import Report
from flowlift.plan.fields import KnownAfterBuild
from flowlift.plan.templates import TemplateValues
from tests.parts.plans import declared, desired, flow, names, policy


def found(data: dict[str, Any], schema: dict[str, Any]) -> list[Finding]:
    report = Report()
    code = flow(schema=schema)
    check_parameters(desired(declared(**data), code=code), code, report)
    return report.findings


SCHEMA = {
    "title": "Parameters",
    "type": "object",
    "required": ["day"],
    "properties": {
        "day": {"title": "day", "type": "string", "position": 0},
        "rows": {"title": "rows", "type": "integer", "position": 1, "default": 1},
        "mode": {"title": "mode", "enum": ["a", "b"], "type": "string", "position": 2},
        "limits": {
            "title": "limits",
            "position": 3,
            "anyOf": [{"$ref": "#/definitions/Limits"}, {"type": "null"}],
        },
    },
    "definitions": {
        "Limits": {
            "type": "object",
            "properties": {"top": {"type": "integer"}},
            "required": ["top"],
        }
    },
}


@pytest.mark.parametrize(
    ("parameters", "check"),
    [
        ({"dya": "x"}, "unknown-parameter"),
        ({"rows": "many"}, "wrong-parameter"),
        ({"rows": True}, "wrong-parameter"),
        ({"mode": "c"}, "wrong-parameter"),
        ({"limits": {"top": "x"}}, "wrong-parameter"),
    ],
)
def test_a_parameter_that_does_not_fit_is_refused(parameters: dict[str, Any], check: str) -> None:
    assert names(found({"parameters": parameters}, SCHEMA)) == [check]


@pytest.mark.parametrize(
    "parameters",
    [
        {"day": "x", "rows": 2.0, "mode": "a", "limits": {"top": 1}},
        {"limits": None},
        {"limits": {"$ref": {"block_document_id": "1"}}},
        {"rows": {"__prefect_kind": "json", "value": "1"}},
    ],
)
def test_parameters_that_fit_have_no_findings(parameters: dict[str, Any]) -> None:
    assert found({"parameters": parameters}, SCHEMA) == []


def test_a_required_parameter_is_missed_only_where_something_runs_by_itself() -> None:
    assert found({}, SCHEMA) == []
    alone = {"schedules": [{"cron": "0 6 * * *"}]}
    assert names(found(alone, SCHEMA)) == ["missing-parameter"]
    given = {"schedules": [{"cron": "0 6 * * *", "parameters": {"day": "x"}}]}
    assert found(given, SCHEMA) == []


def test_a_flow_whose_signature_is_not_known_takes_anything() -> None:
    report = Report()
    code = flow(schema=None)
    check_parameters(desired(declared(parameters={"x": 1}), code=code), code, report)
    assert report.findings == []


def test_an_unknown_parameter_names_the_nearest_and_all() -> None:
    (finding,) = found({"parameters": {"dya": 1}}, SCHEMA)
    assert "has no parameter `dya`: is `day` meant?" in finding.message
    assert finding.remedy == "Its parameters: day, rows, mode, limits."
    (none,) = found({"parameters": {"größe": 1}}, {"properties": {}})
    assert none.remedy == "Its parameters: none."


def test_a_parameter_of_a_schedule_is_looked_at_where_it_stands() -> None:
    schedule = {"cron": "0 6 * * *", "parameters": {"day": "x", "rows": "many"}}
    entry = declared(schedules=[{"cron": "0 5 * * *", "parameters": {"day": "y"}}, schedule])
    lines: dict[tuple[str | int, ...], int] = {("schedules", 1, "parameters", "rows"): 44}
    code, report = flow(schema=SCHEMA), Report()
    check_parameters(desired(replace(entry, lines=lines), code=code), code, report)
    assert [(finding.check, finding.line) for finding in report.findings] == [
        ("wrong-parameter", 44)
    ]


def test_a_wrong_part_of_a_parameter_is_named() -> None:
    (finding,) = found({"parameters": {"limits": {"top": "x"}}}, SCHEMA)
    assert "`limits` does not fit the flow's signature" in finding.message
    nested = {"properties": {"a": {"type": "array", "items": {"type": "integer"}}}}
    (finding,) = found({"parameters": {"a": [1, "x"]}}, nested)
    assert "[1]: 'x' is not of type 'integer'" in finding.message


def test_what_the_policy_has_put_in_is_told_as_the_policys() -> None:
    wish = policy("dev", overrides=(("*", {"parameters": {"rows": "many"}}),))
    code, report = flow(schema=SCHEMA), Report()
    check_parameters(desired(declared(), wish, code=code), code, report)
    assert "(see policy dev)" in report.findings[0].message


@pytest.mark.parametrize("value", ["{{ day }}", "x {{ event.y }}", KnownAfterBuild()])
def test_what_is_filled_in_later_is_not_looked_at(value: Any) -> None:
    item = desired(declared())
    item = replace(item, body={**item.body, "parameters": {"rows": value}})
    report = Report()
    check_parameters(item, flow(schema=SCHEMA), report)
    assert report.findings == []


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text("ab", max_size=2),
    st.just([]),
    st.just({}),
)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "object", "array", None])


@given(VALUES, TYPES)
def test_the_quick_answer_for_a_plain_type_is_that_of_json_schema(value: Any, kind: Any) -> None:
    rule = {"title": "x", "position": 0} | ({"type": kind} if kind else {})
    fits = jsonschema.Draft202012Validator(rule).is_valid(value)
    findings = found({"parameters": {"x": value}}, {"properties": {"x": rule}})
    assert names(findings) == ([] if fits else ["wrong-parameter"])


@pytest.mark.parametrize(
    "parameters",
    [
        {"password": "hunter2"},
        {"nested": {"token": "hunter2"}},
        {"plain": "{{ $DB_PASSWORD }}"},
        {"nested": {"plain": "{{ $DB_PASSWORD }}"}},
    ],
)
def test_a_value_that_does_not_fit_is_never_shown_where_it_is_secret(
    parameters: dict[str, Any],
) -> None:
    number = {"type": "integer", "title": "number"}
    inner = {"type": "object", "additionalProperties": number}
    code = flow(schema={"properties": {"password": number, "plain": number, "nested": inner}})
    values = TemplateValues(environ={"DB_PASSWORD": "hunter2"})
    schedule = {"cron": "0 6 * * *", "parameters": parameters}
    item = desired(declared(parameters=parameters, schedules=[schedule]), None, values, code)
    report = Report()
    check_parameters(item, code, report)
    assert names(report.findings) == ["wrong-parameter"] * 2
    assert "hunter2" not in str(report.findings)
    assert "(hidden)" in report.findings[0].message
