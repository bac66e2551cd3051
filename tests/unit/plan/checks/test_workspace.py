"""Deployments against the workspace: pools, queues, job variables."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.findings import Finding
from flowlift.plan.checks.report import Report
from flowlift.plan.checks.workspace import check_pools
from flowlift.plan.model import Pool
from tests.parts.plans import declared, desired, names

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
