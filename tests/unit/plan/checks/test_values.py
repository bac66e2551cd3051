"""Checks of what a deployment resolves to: schedules, parameters, templates, pools."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.findings import Finding
from flowlift.plan.checks.deployments import check_duplicates, check_values
from flowlift.plan.checks.parameters import check_parameters
from flowlift.plan.checks.report import Report
from flowlift.plan.checks.schedules import check_schedules
from flowlift.plan.checks.templates import check_templates
from flowlift.plan.checks.workspace import check_pools
from flowlift.plan.desired import resolve
from flowlift.plan.model import Pool
from flowlift.plan.templates import BlockValue, TemplateValues
from tests.parts.plans import declared, desired, flow, policy

POOL = Pool(
    "pool",
    "kubernetes",
    base_job_template={
        "variables": {
            "type": "object",
            "required": ["image"],
            "properties": {
                "image": {"type": "string", "default": "x"},
                "cpu": {"type": "integer"},
                "stream_output": {"type": "boolean"},
            },
        }
    },
    queues=frozenset({"default", "fast"}),
)


def values_findings(data: dict[str, Any], **more: Any) -> list[Finding]:
    report = Report()
    resolution = resolve(declared(**data, **more), flow(), TemplateValues(), policy())
    check_values(resolution, report)
    check_schedules(resolution.desired, report)
    return report.findings


def parameter_findings(data: dict[str, Any], schema: dict[str, Any]) -> list[Finding]:
    report = Report()
    code = flow(schema=schema)
    check_parameters(desired(declared(**data), code=code), code, report)
    return report.findings


def template_findings(values: TemplateValues, **data: Any) -> list[Finding]:
    report = Report()
    check_templates(resolve(declared(**data), flow(), values, policy()), values, report)
    return report.findings


def pool_findings(*pools: Pool, **work_pool: Any) -> list[Finding]:
    report = Report()
    item = desired(declared(work_pool={"name": "pool", **work_pool}))
    check_pools([item], {pool.name: pool for pool in pools}, [pool.name for pool in pools], report)
    return report.findings


def names(findings: list[Finding]) -> list[str]:
    return [finding.check for finding in findings]


@pytest.mark.parametrize(
    ("schedule", "check"),
    [
        ({"cron": "every day"}, "schedule"),
        ({"cron": "R R * * *"}, "schedule"),
        ({"cron": "0 0 30 2 *"}, "never-fires"),
        ({"cron": "0 0 * * *", "timezone": "Europe/Berlinn"}, "timezone"),
        ({"interval": 0}, "schedule"),
        ({"interval": "often"}, "schedule"),
        ({"rrule": "FREQ=OFTEN"}, "schedule"),
        ({"rrule": "FREQ=DAILY;UNTIL=20300101T000000Z"}, "schedule"),
        ({"rrule": "DTSTART:20240101T060000\nRRULE:FREQ=DAILY;UNTIL=20300101T000000Z"}, "schedule"),
        ({"rrule": "DTSTART:20240101T060000Z\nRRULE:FREQ=DAILY;UNTIL=20300101T000000"}, "schedule"),
        ({"rrule": "FREQ=DAILY;COUNT=10"}, "rrule-count"),
        ({"timezone": "UTC"}, "schedule"),
        ({"cron": "0 0 * * *", "interval": 5}, "schedule"),
        ({"cron": "0 0 * * *", "active": "perhaps"}, "schedule"),
    ],
)
def test_a_schedule_that_would_not_work_is_refused(schedule: dict[str, Any], check: str) -> None:
    assert names(values_findings({"schedules": [schedule]})) == [check]


@pytest.mark.parametrize(
    "schedule",
    [
        {"cron": "0 6 * * 1-5", "timezone": "America/New_York", "day_or": False},
        {"cron": "@daily"},
        {"cron": "0 0 29 2 *"},
        {"interval": 0.5},
        {"interval": "PT1H"},
        {"interval": 600, "anchor_date": "2026-01-01T00:00:00"},
        {"rrule": "FREQ=DAILY;BYHOUR=6"},
        {"rrule": "FREQ=DAILY;UNTIL=20300101T000000"},
        {"rrule": "DTSTART:20300101T060000\nRRULE:FREQ=DAILY;COUNT=10"},
        {"rrule": "DTSTART:20240101T060000Z\nRRULE:FREQ=DAILY;UNTIL=20300101T000000Z"},
        {"rrule": "DTSTART;TZID=Asia/Tokyo:20240101T060000\nRRULE:FREQ=DAILY"},
        {"rrule": '{"rrule": "FREQ=DAILY", "timezone": "UTC"}'},
    ],
)
def test_a_sound_schedule_has_no_findings(schedule: dict[str, Any]) -> None:
    assert values_findings({"schedules": [schedule]}) == []


def test_one_slug_twice_is_refused() -> None:
    twice = [{"cron": "0 1 * * *", "slug": "a"}, {"cron": "0 2 * * *", "slug": "a"}]
    assert names(values_findings({"schedules": twice})) == ["schedule"]


@pytest.mark.parametrize(
    "limit", [{"collision_strategy": "ENQUEUE"}, 0, {"limit": 1, "collision_strategy": "WAIT"}]
)
def test_a_concurrency_limit_that_limits_nothing_is_refused(limit: Any) -> None:
    assert names(values_findings({"concurrency_limit": limit})) == ["concurrency"]


@pytest.mark.parametrize("tags", ["nightly", [["a", "b"]], [1]])
def test_tags_are_a_list_of_texts(tags: Any) -> None:
    assert set(names(values_findings({"tags": tags}))) == {"tags"}


def test_no_pull_step_is_refused_unless_an_image_has_the_code() -> None:
    assert names(values_findings({}, pull=None)) == ["no-pull-step"]
    assert values_findings({}, pull=()) == []
    image = {"work_pool": {"name": "p", "job_variables": {"image": "flows:1"}}}
    assert values_findings(image, pull=None) == []


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
    assert names(values_findings({"triggers": [trigger]})) == ["trigger"]


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
    assert names(parameter_findings({"parameters": parameters}, SCHEMA)) == [check]


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
    assert parameter_findings({"parameters": parameters}, SCHEMA) == []


def test_a_required_parameter_is_missed_only_where_something_runs_by_itself() -> None:
    assert parameter_findings({}, SCHEMA) == []
    alone = {"schedules": [{"cron": "0 6 * * *"}]}
    assert names(parameter_findings(alone, SCHEMA)) == ["missing-parameter"]
    given = {"schedules": [{"cron": "0 6 * * *", "parameters": {"day": "x"}}]}
    assert parameter_findings(given, SCHEMA) == []


def test_duplicates_name_the_first_place() -> None:
    report = Report()
    check_duplicates([desired(), desired()], report)
    assert names(report.findings) == ["duplicate-name"]
    assert "prefect.yaml:10" in report.findings[0].message


def test_losses_are_reported_with_their_remedy() -> None:
    values = TemplateValues(environ={"IMAGE": "x"})
    build = ({"prefect_docker.deployments.steps.build_docker_image": {"id": "build-image"}},)
    entry = declared(
        work_pool={
            "name": "pool",
            "job_variables": {
                "image": "{{ build_image.image }}",
                "stage": "{{ $STAGE }}",
                "team": "{{ prefect.variables.team }}",
                "run": "{{ flow_run.name }}-x",
            },
        }
    )
    entry = type(entry)(entry.data, entry.at, entry.lines, build=build, pull=entry.pull)
    report = Report()
    check_templates(resolve(entry, flow(), values, policy()), values, report)
    said = {finding.message.split("`")[1]: finding for finding in report.findings}
    assert said["{{ build_image.image }}"].remedy.startswith("Is `build-image.image` meant?")
    assert "drops work_pool.job_variables.image" in said["{{ build_image.image }}"].message
    assert said["{{ $STAGE }}"].check == "unset-env"
    assert said["{{ prefect.variables.team }}"].check == "missing-variable"
    assert "only while a flow runs" in said["{{ flow_run.name }}"].message


def test_a_secret_in_clear_is_told_without_its_value() -> None:
    values = TemplateValues(
        environ={"DB_PASSWORD": "hunter2"},
        blocks={("secret", "pw"): BlockValue({"value": "hush"}, secret=True)},
    )
    pull = ({"a.b": {"token": "{{ $DB_PASSWORD }}", "x": "{{ prefect.blocks.secret.pw }}"}},)
    findings = template_findings(
        values,
        work_pool={"name": "p", "job_variables": {"env": {"PW": "{{ prefect.blocks.secret.pw }}"}}},
        pull=pull,
    )
    assert names(findings) == ["secret-in-clear", "secret-in-clear"]
    assert "hunter2" not in str(findings)
    assert "hush" not in str(findings)


def test_a_token_in_the_manifest_is_refused() -> None:
    variables = {"env": {"X": "ghp_" + "a" * 36}}
    findings = template_findings(
        TemplateValues(), work_pool={"name": "p", "job_variables": variables}
    )
    assert names(findings) == ["secret-in-manifest"]
    assert "ghp_" not in str(findings)


def test_a_value_of_this_machine_is_told() -> None:
    pull = ({"prefect.deployments.steps.set_working_directory": {"directory": "{{ $PWD }}"}},)
    assert names(template_findings(TemplateValues(environ={"PWD": "/x"}), pull=pull)) == [
        "machine-path"
    ]


def test_a_sound_pool_has_no_findings() -> None:
    variables = {"image": "y", "cpu": 2, "env": {"A": "b"}}
    assert pool_findings(POOL, job_variables=variables, work_queue_name="fast") == []


def test_a_missing_pool_names_the_nearest() -> None:
    finding = pool_findings(Pool("pools", "process"))[0]
    assert finding.check == "missing-work-pool"
    assert "'pools'" in finding.message


@pytest.mark.parametrize(
    ("work_pool", "check"),
    [
        ({"work_queue_name": "fsat"}, "missing-queue"),
        ({"job_variables": {"cpu": "two"}}, "job-variables"),
        ({"job_variables": {"cpus": 2}}, "undeclared-job-variable"),
        ({"name": None}, "no-work-pool"),
    ],
)
def test_what_a_pool_refuses_or_drops_is_told(work_pool: dict[str, Any], check: str) -> None:
    assert names(pool_findings(POOL, **work_pool)) == [check]


def test_a_job_variable_that_the_pool_needs_is_asked_for() -> None:
    template = {"variables": {"required": ["image"], "properties": {"image": {"type": "string"}}}}
    pool = Pool("pool", "kubernetes", base_job_template=template)
    assert names(pool_findings(pool)) == ["job-variables"]
