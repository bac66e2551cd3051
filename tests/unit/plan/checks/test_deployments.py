"""What a deployment says of itself: its name, concurrency, pull steps, its code."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.findings import Finding
from flowlift.plan.checks.deployments import check_duplicates, check_values
from flowlift.plan.checks.report import Report
from flowlift.plan.desired import resolve
from flowlift.plan.templates import TemplateValues
from tests.parts.plans import declared, desired, flow, names, policy


def found(data: dict[str, Any], **more: Any) -> list[Finding]:
    report = Report()
    check_values(resolve(declared(**data, **more), flow(), TemplateValues(), policy()), report)
    return report.findings


@pytest.mark.parametrize(
    "limit", [{"collision_strategy": "ENQUEUE"}, 0, {"limit": 1, "collision_strategy": "WAIT"}]
)
def test_a_concurrency_limit_that_limits_nothing_is_refused(limit: Any) -> None:
    assert names(found({"concurrency_limit": limit})) == ["concurrency"]


@pytest.mark.parametrize("tags", ["nightly", [["a", "b"]], [1]])
def test_tags_are_a_list_of_texts(tags: Any) -> None:
    assert set(names(found({"tags": tags}))) == {"tags"}


def test_no_pull_step_is_refused_unless_an_image_has_the_code() -> None:
    assert names(found({}, pull=None)) == ["no-pull-step"]
    assert found({}, pull=()) == []
    image = {"work_pool": {"name": "p", "job_variables": {"image": "flows:1"}}}
    assert found(image, pull=None) == []


@pytest.mark.parametrize(
    "trigger",
    [
        {"type": "evnt"},
        {"posture": "Proactive", "within": 5, "expect": ["a"]},
        {"type": "compound", "require": 3, "triggers": [{"expect": ["a"]}]},
        {"type": "metric", "metric": {"name": "nonsense", "operator": "<", "threshold": 1}},
        {"enabled": "perhaps"},
        "text",
    ],
)
def test_a_trigger_that_the_api_refuses_is_refused(trigger: Any) -> None:
    assert names(found({"triggers": [trigger]})) == ["trigger"]


def test_duplicates_name_the_first_place() -> None:
    report = Report()
    check_duplicates([desired(), desired()], report)
    assert names(report.findings) == ["duplicate-name"]
    assert "prefect.yaml:10" in report.findings[0].message
