"""Deployments against the workspace: pools, queues, job variables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flowlift.findings import Finding
from flowlift.plan.checks.report import Report
from flowlift.plan.checks.workspace import check_limits, check_pools
from flowlift.plan.diff import create
from flowlift.plan.fields import KnownAfterBuild
from flowlift.plan.model import Pool
from tests.parts.plans import declared, desired, live_after, names, policy, provenance

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


def found(*pools: Pool, **work_pool: Any) -> list[Finding]:
    report = Report()
    item = desired(declared(work_pool={"name": "pool", **work_pool}))
    check_pools([item], {pool.name: pool for pool in pools}, [pool.name for pool in pools], report)
    return report.findings


def test_a_sound_pool_has_no_findings() -> None:
    variables = {"image": "y", "cpu": 2, "env": {"A": "b"}}
    assert found(POOL, job_variables=variables, work_queue_name="fast") == []


def test_a_missing_pool_names_the_nearest() -> None:
    finding = found(Pool("pools", "process"))[0]
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
    assert names(found(POOL, **work_pool)) == [check]


def test_a_job_variable_that_the_pool_needs_is_asked_for() -> None:
    template = {"variables": {"required": ["image"], "properties": {"image": {"type": "string"}}}}
    pool = Pool("pool", "kubernetes", base_job_template=template)
    assert names(found(pool)) == ["job-variables"]


def test_without_a_pool_nobody_would_ever_run_it() -> None:
    report = Report()
    check_pools([desired(declared(work_pool=None))], {}, [], report)
    assert names(report.findings) == ["no-work-pool"]


def test_a_pool_that_is_near_none_is_missing_all_the_same() -> None:
    (finding,) = found(Pool("completely-other", "process"))
    assert finding.message == "The workspace has no work pool 'pool'."
    assert "prefect work-pool create pool" in finding.remedy


def test_a_pool_that_the_policy_names_is_told_as_the_policys() -> None:
    report = Report()
    check_pools([desired(declared(), policy("dev", pool="gone"))], {}, [], report)
    assert "'gone' (see policy dev)" in report.findings[0].message


def test_a_pool_that_runs_nothing_now_or_ever_is_told() -> None:
    paused = replace(POOL, paused=True)
    (finding,) = found(paused)
    assert (finding.check, finding.level.value) == ("paused-work-pool", "warning")
    (finding,) = found(replace(POOL, type="prefect-agent"))
    assert (finding.check, finding.level.value) == ("agent-work-pool", "error")


def test_each_of_several_deployments_is_looked_at() -> None:
    report = Report()
    items = [desired(declared(name, work_pool={"name": pool})) for name, pool in ("ap", "bq")]
    check_pools(items, {}, [], report)
    assert [finding.deployment for finding in report.findings] == ["ingest/a", "ingest/b"]


def test_a_missing_queue_names_the_nearest_and_all() -> None:
    (finding,) = found(POOL, work_queue_name="fsat")
    assert "is 'fast' meant?" in finding.message
    assert finding.remedy == "Its queues: default, fast."


@pytest.mark.parametrize(
    "value", ["{{ cpu }}", None, KnownAfterBuild(), "{{ prefect.variables.cpu }}"]
)
def test_a_job_variable_that_is_filled_in_later_is_not_looked_at(value: Any) -> None:
    item = desired(declared())
    item = replace(item, body={**item.body, "job_variables": {"cpu": value}})
    report = Report()
    check_pools([item], {"pool": POOL}, ["pool"], report)
    assert report.findings == []


@pytest.mark.parametrize(
    ("queue", "checks"),
    [
        (["q"], ["missing-queue"]),
        ({"a": 1}, ["missing-queue"]),
        (5, ["missing-queue"]),
        ("", []),
        ("{{ build.queue }}", []),
    ],
)
def test_a_queue_is_a_text_that_the_pool_has(queue: Any, checks: list[str]) -> None:
    entry = declared(work_pool={"name": "pool", "work_queue_name": queue})
    item = desired(replace(entry, build=({"acme.build": {"id": "build"}},)))
    report = Report()
    check_pools([item], {"pool": POOL}, ["pool"], report)
    assert names(report.findings) == checks


def test_a_pool_that_a_build_will_name_is_not_looked_at() -> None:
    item = desired(declared())
    item = replace(item, body={**item.body, "work_pool_name": KnownAfterBuild()})
    report = Report()
    check_pools([item], {}, [], report)
    assert report.findings == []


@pytest.mark.parametrize("section", ["definitions", "$defs"])
def test_a_rule_may_point_into_its_template(section: str) -> None:
    template = {
        "variables": {
            "properties": {"limits": {"$ref": f"#/{section}/Limits"}},
            section: {"Limits": {"type": "object", "required": ["cpu"]}},
        }
    }
    pool = Pool("pool", "kubernetes", base_job_template=template)
    assert found(pool, job_variables={"limits": {"cpu": 1}}) == []
    (finding,) = found(pool, job_variables={"limits": {}})
    assert "'cpu' is a required property" in finding.message


def test_what_is_refused_is_never_shown_where_it_is_secret() -> None:
    rule = {"type": "string", "enum": ["a"]}
    deep = {"additionalProperties": rule}
    template = {"variables": {"properties": {"token": rule, "deep": deep}}}
    pool = Pool("pool", "kubernetes", base_job_template=template)
    for variables in ({"token": "hunter2"}, {"deep": {"token": "hunter2"}}):
        (finding,) = found(pool, job_variables=variables)
        assert finding.check == "job-variables"
        assert "hunter2" not in str(finding)
        assert "(hidden)" in finding.message


@pytest.mark.parametrize("template", [{}, {"variables": None}, {"variables": []}])
def test_a_pool_without_a_template_takes_any_job_variable(template: Any) -> None:
    pool = Pool("pool", "process", base_job_template=template)
    assert found(pool, job_variables={"anything": 1}) == []


@pytest.mark.parametrize(
    ("declared_limit", "linked", "refused"),
    [(2, "database", True), (None, "database", False), (2, "", False)],
)
def test_a_limit_that_others_use_is_never_set(
    declared_limit: int | None, linked: str, refused: bool
) -> None:
    data: dict[str, Any] = {"concurrency_limit": declared_limit} if declared_limit else {}
    wanted = desired(declared(**data))
    live = live_after(create(desired(), provenance(), "0.1.0"))
    report = Report({"shared-limit": "off"})  # it is never silenced
    check_limits([wanted], {live.key: replace(live, shared_limit=linked)}, report)
    assert names(report.findings) == ["shared-limit"] * refused
