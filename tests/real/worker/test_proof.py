"""What proves a worker besides its pod: runs that wait, and heartbeats, on a real server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from flowlift.config import Settings
from flowlift.errors import WorkerError
from flowlift.voice import SILENT, Voice
from flowlift.worker import proof
from flowlift.worker.cluster.cluster import Cluster
from flowlift.worker.cluster.helm import Helm
from flowlift.worker.model import DesiredPool, DesiredWorker
from flowlift.worker.proof import Prover
from flowlift.workspace.client import Client
from flowlift.workspace.endpoint import resolve
from flowlift.workspace.pools import Depth
from tests.parts.voices import RecordingVoice
from tests.parts.worker_values import template
from tests.parts.workspaces import Workspace
from tests.real.worker.values.test_impact import make_deployment, make_pool

pytestmark = pytest.mark.real


def late_run(workspace: Workspace, deployment: str) -> str:
    """A run that is late: no worker has asked for it in time."""
    path = f"/deployments/{deployment}/create_flow_run"
    body = {"state": {"type": "SCHEDULED", "name": "Late"}}
    return str(workspace.server.request("POST", path, body)["id"])


def judged(workspace: Workspace, pool: str, before: Depth, voice: Voice = SILENT) -> None:
    """Make sure that no more runs are late than `before`. The cluster is not asked."""

    async def work() -> None:
        environ = {"FLOWLIFT_DEV_API_URL": workspace.url}
        async with Client(resolve("dev", Settings(), environ, Path("/nowhere"))) as client:
            nothing: dict[str, Any] = {"values": {}, "values_file": "v.yaml", "root": "."}
            desired = DesiredWorker(
                "dev", "w", "c", None, None, "n", pool=DesiredPool(pool, None), **nothing
            )
            cluster, helm = Cluster({}, "n", ("kubectl",)), Helm({}, "n")
            await Prover(client, cluster, helm, desired, voice).not_late(before)

    asyncio.run(work())


def test_runs_that_become_late_are_no_proof(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "LATE_PATIENCE", 0.5)
    pool = make_pool(workspace, template())
    deployment = make_deployment(workspace, pool, {})
    late_run(workspace, deployment)
    voice = RecordingVoice()
    with pytest.raises(WorkerError, match="1 late run in the work pool") as error:
        judged(workspace, pool, Depth(0, 0, 0.0), voice)
    assert "flowlift worker status dev" in error.value.remedy
    assert voice.lines == ["1 late run, 0 before the update: waiting."]
    # What was late before the update is not its fault.
    judged(workspace, pool, Depth(1, 1, 60.0))


def test_runs_that_are_started_meanwhile_are_late_no_more(workspace: Workspace) -> None:
    pool = make_pool(workspace, template())
    run = late_run(workspace, make_deployment(workspace, pool, {}))

    class Starting(Voice):
        def say(self, line: str) -> None:
            assert line.startswith("1 late run")
            body = {"state": {"type": "RUNNING"}, "force": True}
            workspace.server.request("POST", f"/flow_runs/{run}/set_state", body)

    judged(workspace, pool, Depth(0, 0, 0.0), Starting())
