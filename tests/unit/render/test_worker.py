"""What a person reads of a worker."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

from flowlift.findings import Action, FieldChange, Finding, Level
from flowlift.render.worker import render_check, render_host, render_status
from flowlift.worker.host.machine import Tool
from flowlift.worker.model import Part
from flowlift.worker.report import PoolStatus, ReleaseStatus, WorkerCheck, WorkerStatus
from flowlift.workspace.pools import Depth, LiveQueue, LiveWorker

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
TEMPLATE = "values.worker.config.baseJobTemplate.configuration"
CHECKED = WorkerCheck(
    environment="dev",
    pool="edp",
    release="prefect-worker",
    namespace="prefect",
    image="ghcr.io/acme/flows@sha256:aa",
    why_image="what the pool has",
    parts=(
        Part("namespace", "prefect", Action.NONE),
        Part("secret", "reg-creds", Action.UPDATE, (), "differs"),
        Part(
            "release",
            "prefect-worker",
            Action.UPDATE,
            (
                FieldChange(field="chart", before="w-1", after="w-2"),
                FieldChange(field=TEMPLATE, before="{}", after='{"a": 1}'),
            ),
        ),
        Part("pool", "edp", Action.UPDATE, (FieldChange(field="a", before=None, after=1),)),
    ),
)
STATUS = WorkerStatus(
    environment="dev",
    release=ReleaseStatus("w", "prefect", "deployed", 3, "w-2", NOW, "w-1-x", "Running"),
    pool=PoolStatus("edp", "kubernetes", "READY", False, "flows@sha256:aa", "0123", ""),
    workers=(LiveWorker("edp-worker", "ONLINE", NOW - timedelta(seconds=12)),),
    queues=(LiveQueue("default", "READY", False, NOW, None, 0),),
    depth=Depth(4, 0, 0.0),
    now=NOW,
)


def test_a_check_tells_each_part_and_the_template_once() -> None:
    text = render_check(CHECKED, colour=False, width=100)
    assert "Worker of dev  release prefect-worker in prefect  work pool edp" in text
    assert "= unchanged namespace prefect" in text
    assert "~ update secret reg-creds  (differs)" in text
    assert 'chart: "w-1" -> "w-2"' in text
    assert TEMPLATE not in text
    assert "its base job template: see the work pool" in text
    assert "3 parts would be written" in text


def test_a_check_with_errors_says_that_nothing_would_be_written() -> None:
    wrong = Finding(check="template-json", level=Level.ERROR, message="Broken.", file="v", line=3)
    text = render_check(replace(CHECKED, findings=(wrong,)), colour=False, width=100)
    assert "error: v:3 [template-json]" in text
    assert "1 error: an update would write nothing." in text


def test_a_check_that_finds_nothing_says_so() -> None:
    text = render_check(replace(CHECKED, parts=CHECKED.parts[:1]), colour=False, width=100)
    assert text.endswith("Nothing differs.\n")


def test_names_from_files_reach_no_terminal_as_they_are() -> None:
    hostile = replace(CHECKED, pool="\x1b[31mred", parts=(Part("pool", "\x1b[2J", Action.NONE),))
    assert "\x1b" not in render_check(hostile, colour=False, width=100)


def test_a_status_tells_what_an_operator_asks_for() -> None:
    text = render_status(STATUS, colour=False)
    assert "w in prefect  deployed, revision 3, w-2" in text
    assert "edp-worker  online, heartbeat 12.0 s ago" in text
    assert "flows@sha256:aa" in text
    assert "4 runs scheduled, 0 late" in text
    assert STATUS.well


def test_what_keeps_runs_from_starting_is_not_well() -> None:
    assert STATUS.pool is not None
    for worse in (
        replace(STATUS, workers=()),
        replace(STATUS, depth=Depth(4, 2, 30.0)),
        replace(STATUS, pool=replace(STATUS.pool, paused=True)),
        replace(STATUS, release=ReleaseStatus("w", "prefect", "pending-upgrade", 3)),
        replace(STATUS, pool=None),
        replace(STATUS, notes=("The cluster could not be asked.",)),
    ):
        assert not worse.well


def test_a_machine_is_told_tool_by_tool() -> None:
    tools = [
        Tool("k3s", "v1.33.4+k3s1", "older", "v1.32.0+k3s1"),
        Tool("helm", "v3.18.4", "missing"),
    ]
    assert render_host(tools, ["it has no memory"]).splitlines() == [
        "k3s   v1.32.0+k3s1: older than the pinned v1.33.4+k3s1",
        "helm  not installed, v3.18.4 is pinned",
        "This machine will not do: it has no memory.",
    ]
