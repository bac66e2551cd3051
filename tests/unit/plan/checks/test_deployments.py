"""What a deployment says of itself: its name, concurrency, pull steps, its code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flowlift.findings import Finding
from flowlift.plan.checks.deployments import (
    check_duplicates,
    check_flow,
    check_patterns,
    check_values,
)
from flowlift.plan.checks.report import Report
from flowlift.plan.desired import resolve
from flowlift.plan.templates import TemplateValues
from tests.parts.plans import declared, desired, flow, names, policy

VALUES = TemplateValues()


def found(data: dict[str, Any], build: Any = (), **more: Any) -> list[Finding]:
    report = Report()
    entry = replace(declared(**{**data, **more}), build=build)
    check_values(resolve(entry, flow(), VALUES, policy()), report)
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


@pytest.mark.parametrize(
    ("name", "signs"), [("a/b", "/"), ("100%", "%"), ("<a&b>", "& < >"), ("a\x1b/", "/")]
)
def test_a_name_with_a_sign_that_no_server_takes_is_refused(name: str, signs: str) -> None:
    (finding,) = found({"name": name})
    assert finding.check == "invalid-name"
    assert f"holds {signs}, which" in finding.message
    assert finding.message.isprintable()


@pytest.mark.parametrize("name", ["daily", "größe 東京", "a.b-c_d:e#f@g", "{{ ctx.x }}"])
def test_any_other_name_is_fine(name: str) -> None:
    assert found({"name": name}) == []


@pytest.mark.parametrize(
    "limit",
    [1, "5", None, {}, {"limit": 1, "collision_strategy": "CANCEL_NEW"}, "{{ build.limit }}"],
)
def test_a_concurrency_limit_that_limits_is_fine(limit: Any) -> None:
    assert found({"concurrency_limit": limit}, build=({"acme.build": {"id": "build"}},)) == []


def test_a_clone_that_cannot_be_told_its_folder_is_told() -> None:
    step = declared().pull or ()
    report = Report()
    old = policy("dev", "feat/x", server_version="3.4.0")
    check_values(resolve(declared(pull=({"a.b": {}}, *step)), flow(), VALUES, old), report)
    (finding,) = report.findings
    assert finding.check == "clone-directory"


def test_a_clone_of_another_repository_is_told_to_keep_its_branch() -> None:
    step = {"prefect.deployments.steps.git_clone": {"repository": "https://h/acme/other.git"}}
    report = Report()
    wish = policy("dev", "feat/x")
    check_values(resolve(declared(pull=(step,)), flow(), VALUES, wish), report)
    assert names(report.findings) == ["foreign-clone"]


def test_a_problem_is_told_at_its_place_with_a_capital() -> None:
    lines: dict[tuple[str | int, ...], int] = {("tags", 1): 33}
    entry = replace(declared(tags=["a", 1]), lines=lines)
    report = Report()
    check_values(resolve(entry, flow(), VALUES, policy()), report)
    (finding,) = report.findings
    assert (finding.message, finding.line) == ("A tag is a text, this is 1.", 33)
    assert finding.deployment == "ingest/daily"


def test_what_could_not_be_read_of_a_signature_is_told_at_the_flow() -> None:
    report = Report()
    check_flow(declared(), flow(), report)
    assert report.findings == []
    check_flow(declared(), flow(unread=("a: no polars", "b: no torch")), report)
    (finding,) = report.findings
    assert (finding.check, finding.file, finding.line) == (
        "unread-signature",
        "src/flows/ingest.py",
        5,
    )
    assert "a: no polars; b: no torch" in finding.message


def test_a_pattern_that_names_nothing_is_told_with_what_may_be_meant() -> None:
    report = Report()
    check_patterns(["a", "b"], [], report)
    assert report.findings == []
    check_patterns(["nigthly"], ["nigthly"], report)
    check_patterns(["a", "b\x1b"], ["b\x1b"], report)
    assert names(report.findings) == ["no-match", "no-match"]
    assert report.findings[0].message == "No deployment is called 'nigthly'."
    assert "flow/deployment" in report.findings[0].remedy
    assert report.findings[1].message.isprintable()
    assert report.findings[1].remedy == "Correct or drop this -n."


def test_duplicates_name_the_first_place() -> None:
    report = Report()
    check_duplicates([desired(), desired()], report)
    assert names(report.findings) == ["duplicate-name"]
    assert "prefect.yaml:10" in report.findings[0].message


def test_each_later_duplicate_is_told_and_the_same_name_of_another_flow_is_none() -> None:
    other = desired(code=flow("other"))
    report = Report()
    check_duplicates([desired(), other, desired(), desired()], report)
    assert [finding.deployment for finding in report.findings] == ["ingest/daily"] * 2
