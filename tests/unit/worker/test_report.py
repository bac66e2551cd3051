"""A look at a worker as data: what an update would do, and whether all is well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flowlift.findings import Action, finding
from flowlift.worker.model import Part
from flowlift.worker.report import PoolStatus, ReleaseStatus, WorkerCheck, WorkerStatus
from flowlift.workspace.pools import Depth, LiveWorker

SAME = Part("namespace", "prefect", Action.NONE)
CHECK = WorkerCheck("dev", "p", "w", "prefect", None, "no image", parts=(SAME,))


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({}, False),
        ({"parts": (SAME, Part("pool", "p", Action.UPDATE))}, True),
        ({"restart": ("key",)}, True),
        ({"idle": True}, True),
        ({"notes": ("the cluster could not be asked",)}, False),
    ],
)
def test_an_update_would_do_something_where_a_part_differs_or_the_pod_is_not_as_it_should(
    change: dict[str, Any], differs: bool
) -> None:
    assert replace(CHECK, **change).differs is differs


def test_errors_are_the_findings_that_stop_an_update() -> None:
    error = finding("missing-work-pool", "There is none.", "Make it.")
    warning = finding("paused-work-pool", "It is paused.", "Resume it.")
    assert replace(CHECK, findings=(warning, error)).errors == (error,)


POOL = PoolStatus("p", "kubernetes", "READY", False, "image:1", "0", "")
WELL = WorkerStatus(
    environment="dev",
    release=ReleaseStatus("w", "prefect", "deployed"),
    pool=POOL,
    workers=(LiveWorker("old", "OFFLINE", None), LiveWorker("new", "ONLINE", None)),
    depth=Depth(7, 0, 0.0),
)


def test_a_worker_is_well_where_runs_start() -> None:
    assert WELL.well
    assert replace(WELL, release=None).well  # without Kubernetes
    assert replace(WELL, depth=None).well


@pytest.mark.parametrize(
    "change",
    [
        {"release": ReleaseStatus("w", "prefect", "failed")},
        {"release": ReleaseStatus("w", "prefect", "missing")},
        {"pool": None},
        {"pool": replace(POOL, paused=True)},
        {"workers": ()},
        {"workers": (LiveWorker("old", "OFFLINE", None),)},
        {"depth": Depth(7, 1, 3.0)},
        {"notes": ("w-1: CrashLoopBackOff",)},
    ],
)
def test_one_thing_that_is_wrong_is_enough(change: dict[str, Any]) -> None:
    assert not replace(WELL, **change).well
