"""Refusals of the API made readable. The documents are recorded from Prefect 3.8.8 and 3.4.0."""

from __future__ import annotations

from flowlift.workspace.api_errors import detail


def reason(*location: str | int, kind: str, text: str) -> dict[str, object]:
    return {"type": kind, "loc": ["body", *location], "msg": text, "input": "s3cret"}


INTERVAL = "function-after[validate_timezone(), IntervalSchedule]"
CRON = "function-after[validate_timezone(), CronSchedule]"
OTHER = {"kind": "extra_forbidden", "text": "Extra inputs are not permitted"}


def test_of_a_value_that_may_be_of_several_kinds_only_the_real_reason_is_told():
    at = ("schedules", 0, "schedule")
    document = {
        "exception_message": "Invalid request received.",
        "exception_detail": [
            reason(*at, INTERVAL, "interval", kind="missing", text="Field required"),
            reason(*at, INTERVAL, "cron", **OTHER),
            reason(
                *at, CRON, "cron", kind="value_error", text='Value error, Invalid cron string: "x"'
            ),
            reason(*at, "RRuleSchedule", "rrule", kind="missing", text="Field required"),
            reason(*at, "RRuleSchedule", "cron", **OTHER),
            reason("tags", kind="list_type", text="Input should be a valid list"),
        ],
        "request_body": {"job_variables": {"TOKEN": "s3cret"}},
    }
    assert detail(document) == (
        'schedules.0.schedule.cron: Invalid cron string: "x"; tags: Input should be a valid list'
    )


def test_an_unknown_key_is_told():
    assert detail({"exception_detail": [reason("zzz", **OTHER)]}) == (
        "zzz: Extra inputs are not permitted"
    )


def test_a_reason_that_belongs_to_no_field_is_told_alone():
    text = "Value error, Validation failed for field 'x'. Failure reason: 'a' is not of type"
    assert detail({"exception_detail": [reason(kind="value_error", text=text)]}).startswith(
        "Validation failed for field 'x'"
    )


def test_many_reasons_are_counted():
    reasons = [reason(f"f{n}", kind="list_type", text="no") for n in range(7)]
    assert detail({"exception_detail": reasons}) == "f0: no; f1: no; f2: no; and 4 more"


def test_the_plain_forms():
    assert detail({"detail": "Work pool 'x' not found."}) == "Work pool 'x' not found."
    assert detail({"detail": ["Error", "updating"]}) == "Error updating"
    assert detail({"exception_message": "Internal Server Error"}) == "Internal Server Error"
    assert detail(["?"]) == ""
    assert detail({}) == ""
