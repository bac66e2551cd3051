"""Which heartbeat is one of the new pod: an old pod of the same name writes the same row."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from flowlift.worker.proof import alive, heartbeat_of, running_since
from flowlift.workspace.pools import LiveWorker

NOW = datetime(2026, 11, 28, 7, 0, tzinfo=timezone.utc)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def pod(made: float, started: float | None = None) -> dict[str, Any]:
    """A pod that was made, and whose container started, so many seconds ago."""
    begun = {} if started is None else {"running": {"startedAt": ago(started).isoformat()}}
    return {
        "metadata": {"name": "w-1", "creationTimestamp": ago(made).isoformat()},
        "status": {"containerStatuses": [{"name": "prefect-worker", "state": begun}]},
    }


def worker(heard: float | None, name: str = "edp") -> LiveWorker:
    return LiveWorker(name, "ONLINE", None if heard is None else ago(heard))


def test_a_container_runs_since_its_start_and_a_pod_since_it_was_made() -> None:
    assert running_since(pod(20, 5), "prefect-worker") == ago(5)
    assert running_since(pod(20), "prefect-worker") == ago(20)


def test_only_a_heartbeat_of_the_same_name_since_the_start_counts() -> None:
    assert heartbeat_of([worker(4)], "edp", ago(5)) == ago(4)
    assert heartbeat_of([worker(6)], "edp", ago(5)) is None
    assert heartbeat_of([worker(4, "other"), worker(None)], "edp", ago(5)) is None


@pytest.mark.parametrize(
    ("heard", "made", "is_alive"),
    [
        (10, 60, True),
        (70, 60, False),  # of the pod before
        (100, 600, False),  # three heartbeats of 30 s have not come
        (None, 60, False),
    ],
)
def test_a_worker_is_alive_that_was_heard_of_lately_and_since_its_pod_was_made(
    heard: float | None, made: float, is_alive: bool
) -> None:
    assert alive((worker(heard),), pod(made), NOW, 3) is is_alive
