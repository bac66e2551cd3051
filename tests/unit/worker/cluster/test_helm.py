"""Helm's words and answers, without a cluster."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from flowlift.errors import HelmError
from flowlift.findings import Action
from flowlift.worker.cluster.charts import chart_name, compare_release
from flowlift.worker.cluster.helm import (
    HelmRelease,
    Revision,
    chart_path,
    chart_words,
    fingerprint,
    helm_error,
)
from flowlift.worker.cluster.program import Answer
from flowlift.worker.model import DesiredWorker
from tests.parts.worker_values import desired_worker

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
VALUES = {"worker": {"config": {"workPool": "p", "limit": 5}}}


def desired(root: Path, **more: Any) -> DesiredWorker:
    return desired_worker(**{"root": str(root), "values": VALUES, **more})


def release(*statuses: str, chart: str = "prefect-worker-2025.7.31", note: str = "") -> HelmRelease:
    revisions = (
        Revision(number, status, chart, NOW, note) for number, status in enumerate(statuses, 1)
    )
    return HelmRelease("w", tuple(revisions), VALUES)


def test_a_rollback_goes_to_what_was_deployed_last() -> None:
    good = release("superseded", "deployed", "failed").good
    assert good
    assert good.number == 2
    good = release("superseded", "superseded", "failed", "pending-upgrade").good
    assert good
    assert good.number == 2
    assert release("pending-install").good is None
    assert release("failed", "failed").good is None


def test_where_the_chart_comes_from(tmp_path: Path) -> None:
    there = desired(tmp_path)
    assert chart_path(there) is None
    assert chart_words(there) == [
        "prefect-worker",
        "--repo",
        "https://charts.example.com",
        "--version",
        "2025.7.31",
    ]
    oci = desired(tmp_path, chart="oci://ghcr.io/acme/prefect-worker", repository=None)
    assert chart_words(oci) == ["oci://ghcr.io/acme/prefect-worker", "--version", "2025.7.31"]
    assert chart_words(replace(oci, plain_http=True))[-1] == "--plain-http"
    assert chart_name(oci) == "prefect-worker-2025.7.31"
    with pytest.raises(HelmError, match="no chart 'charts/w'"):
        chart_words(desired(tmp_path, chart="charts/w", repository=None))


def test_a_chart_in_the_repository_differs_by_its_content(tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    chart.mkdir()
    (chart / "Chart.yaml").write_text("name: prefect-worker\nversion: 2025.7.31\n")
    here = desired(tmp_path, chart="chart", repository=None, version=None)
    mark = fingerprint(chart_path(here))
    live = release("deployed", note=f"flowlift: chart {mark}")
    assert compare_release(here, live).action is Action.NONE
    (chart / "values.yaml").write_text("a: 1\n")
    changed = compare_release(here, live)
    assert [change.field for change in changed.fields] == ["chart content"]
    # Somebody's own helm has left no such mark: then the version tells.
    assert compare_release(here, release("deployed")).action is Action.NONE


def test_what_differs_of_a_release(tmp_path: Path) -> None:
    there = desired(tmp_path)
    assert compare_release(there, None).action is Action.CREATE
    assert compare_release(there, release("deployed")).action is Action.NONE
    other = desired(tmp_path, version="2025.8.1", values={"worker": {"config": {"limit": 5.0}}})
    fields = [change.field for change in compare_release(other, release("failed")).fields]
    assert fields == ["status", "chart", "values.worker.config.workPool"]
    any_version = desired(tmp_path, version=None)
    assert compare_release(any_version, release("deployed")).action is Action.NONE


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("Error: Kubernetes cluster unreachable: dial tcp: refused", "Does the cluster answer?"),
        ("Error: unknown flag: --labels", "Install Helm 3.13 or newer."),
        ("Error: values don't meet the specifications\n- worker: got string", "values file"),
        (
            'Error: looks like "http://127.0.0.1:1" is not a valid chart repository or cannot be'
            " reached: dial tcp 127.0.0.1:1: connect: connection refused",
            "or it cannot be reached from here",
        ),
        ('Error: chart "x" version "9" not found in repository', "[tool.flowlift.worker]"),
    ],
)
def test_an_error_of_helm_has_a_remedy(said: str, remedy: str) -> None:
    assert remedy in helm_error("upgrade", Answer(1, "", said)).remedy
