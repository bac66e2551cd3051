"""Unknown keys, and values of a type that Prefect refuses."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.errors import Position
from flowlift.findings import Finding
from flowlift.plan.checks.report import Report
from flowlift.plan.checks.shape import check_entry, check_manifest
from flowlift.plan.model import Declared


def found(data: dict[str, Any], lines: dict[tuple[str | int, ...], int] | None = None, **more: Any):
    report = Report(more.pop("levels", {}))
    entry = {"name": "daily", **data}
    check_entry(Declared(entry, Position("prefect.yaml", 3), lines or {}, **more), report)
    return report.findings


def only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, findings
    return findings[0]


def test_a_sound_entry_has_no_findings() -> None:
    assert not found(
        {
            "version": "1",
            "tags": ["a"],
            "schedules": [{"cron": "* * * * *", "active": True, "slug": "x"}],
            "parameters": {"anything": {"goes": 1}},
            "work_pool": {"name": "p", "work_queue_name": "q", "job_variables": {"image": "x"}},
            "concurrency_limit": {"limit": 1, "collision_strategy": "ENQUEUE"},
            "pull": [{"a.b": {}}],
            "enforce_parameter_schema": False,
            "description": None,
            "labels": {"a": "b"},
        }
    )


@pytest.mark.parametrize("key", ["schedule", "schedules"])
@pytest.mark.parametrize("none", [None, [], {}])
def test_all_ways_to_say_no_schedule_are_fine(key: str, none: Any) -> None:
    checks = {finding.check for finding in found({key: none})}
    assert checks <= {"empty-schedules"}
    assert bool(checks) == ((key, none) in [("schedules", {}), ("schedule", [])])


@pytest.mark.parametrize(
    ("data", "meant"),
    [
        ({"job_variables": {}}, "work_pool.job_variables"),
        ({"is_schedule_active": True}, "schedules[].active"),
        ({"job_configuration": {}}, "work_pool.job_variables"),
        ({"flow": "x"}, "entrypoint"),
        ({"parameter": {}}, "parameters"),
        ({"entry_point": "x.py:f"}, "entrypoint"),
        ({"work_pool": {"job_variable": {}}}, "job_variables"),
        ({"concurrency_limit": {"limits": 1}}, "limit"),
    ],
)
def test_an_unknown_key_says_what_is_meant(data: dict[str, Any], meant: str) -> None:
    finding = only(found(data))
    assert finding.check == "unknown-key"
    assert f"`{meant}`" in finding.message


def test_an_unknown_key_of_a_schedule_is_an_error_as_prefect_skips_the_file() -> None:
    finding = only(found({"schedules": [{"cron": "* * * * *", "max_active_runs": 1}]}))
    assert (finding.check, finding.level.value) == ("wrong-type", "error")
    assert "skip the whole file" in finding.message


@pytest.mark.parametrize(
    ("data", "remedy"),
    [
        ({"name": 12}, 'name: "12"'),
        ({"version": 1.5}, 'version: "1.5"'),
        ({"paused": "perhaps"}, "true or false"),
        ({"parameters": ["a"]}, "a mapping"),
        ({"work_pool": "pool"}, "a mapping"),
    ],
)
def test_a_wrong_type_says_how_to_write_it(data: dict[str, Any], remedy: str) -> None:
    finding = only(found(data))
    assert finding.check == "wrong-type"
    assert remedy in finding.remedy


def test_templates_stand_for_any_type_with_a_warning() -> None:
    findings = found({"paused": "{{ prefect.variables.stop }}", "concurrency_limit": "{{ $N }}"})
    assert [finding.check for finding in findings] == ["templated-value"] * 2


def test_a_step_as_text_is_told() -> None:
    finding = only(found({"pull": ["git_clone"]}))
    assert (finding.check, "'git_clone'" in finding.message) == ("wrong-type", True)


@pytest.mark.parametrize("data", [{"parameters": None}, {"work_pool": {"job_variables": None}}])
def test_a_key_without_a_value_is_told_where_prefect_stops_at_it(data: dict[str, Any]) -> None:
    assert [finding.check for finding in found(data)] == ["empty-value"]


@pytest.mark.parametrize(
    ("trigger", "unknown"),
    [
        ({"expect": ["x"], "resource": "lake.*"}, "resource"),
        ({"type": "compound", "require": "all", "triggers": [{"expects": ["x"]}]}, "expects"),
        ({"type": "sequence", "require": "all", "triggers": []}, "require"),
    ],
)
def test_unknown_keys_of_triggers_are_told(trigger: dict[str, Any], unknown: str) -> None:
    finding = only(found({"triggers": [trigger]}))
    assert finding.check == "unknown-key"
    assert f"`{unknown}`" in finding.message


def test_no_name_cannot_be_silenced() -> None:
    findings = found({"name": None}, levels={"no-name": "off"})
    assert [finding.check for finding in findings] == ["no-name"]


def test_levels_and_comments_are_obeyed() -> None:
    lines: dict[tuple[str | int, ...], int] = {("job_variables",): 7}
    assert only(found({"job_variables": {}}, levels={"unknown-key": "error"})).level == "error"
    assert not found({"job_variables": {}}, levels={"unknown-key": "off"})
    assert not found({"job_variables": {}}, lines, ignored={7: frozenset({"unknown-key"})})
    assert found({"job_variables": {}}, lines, ignored={7: frozenset({"tags"})})
    assert only(found({"job_variables": {}}, lines)).line == 7


def test_the_top_of_a_manifest_may_hold_anchors_under_any_name() -> None:
    report = Report()
    data = {
        "prefect-version": 3,
        "x-common": {},
        ".defaults": {},
        "deployment": [],
        "deployments": [],
    }
    check_manifest(data, "prefect.yaml", {"prefect-version": 1, "deployment": 4}, report)
    assert [(f.check, f.line) for f in report.findings] == [("wrong-type", 1), ("unknown-key", 4)]
    assert "'deployments'" in report.findings[1].message
