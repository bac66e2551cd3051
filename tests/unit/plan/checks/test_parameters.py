"""Parameters against the signature of the flow."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.findings import Finding
from flowlift.plan.checks.parameters import check_parameters
from flowlift.plan.checks.report import Report
from tests.parts.plans import declared, desired, flow, names


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
