"""How a worker is doing, whatever the files say: the release, its pod, the pool, who waits.

kubectl, helm and Prefect are stand-ins; `tests/real/worker/test_update.py` asks the real ones.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from flowlift.errors import ConfigError, InputError, RefusedError
from flowlift.worker.report import WorkerStatus
from flowlift.worker.status import read_status, template_digest
from flowlift.workspace import running
from flowlift.workspace.client import Client
from flowlift.workspace.endpoint import Endpoint
from flowlift.workspace.pools import Depth
from tests.parts.fake_api import ModelNetwork, ask_model
from tests.parts.fake_pool import FakePool, worker
from tests.parts.projects import project_at
from tests.parts.proxy import Answer
from tests.parts.stand_in_kubernetes import DOWN, StandInKubernetes, pod, revision, waiting
from tests.parts.worker_values import IMAGE, template, values_text

ENVIRON = {"FLOWLIFT_DEV_API_URL": "http://prefect.invalid/api", "PATH": ""}
HELM = {"values": "v-{env}.yaml", "release": "w"}


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> FakePool:
    """A pool that all is well with, behind a model of a network."""
    made = FakePool(name="edp-work-pool", template=template(), workers=[worker()])

    def asked(endpoint: Endpoint, work: Callable[[Client], Awaitable[Any]]) -> Any:
        assert endpoint.url == ENVIRON["FLOWLIFT_DEV_API_URL"]
        return ask_model(ModelNetwork(made), work)

    monkeypatch.setattr(running, "with_client", asked)
    return made


@pytest.fixture
def deployed(kubernetes: StandInKubernetes) -> StandInKubernetes:
    kubernetes.releases["w"] = [revision(3)]
    kubernetes.values["w"] = {}
    kubernetes.pods = [pod(made="2026-11-28T07:00:00Z")]
    return kubernetes


@pytest.fixture
def platform(tmp_path: Path) -> Path:
    (tmp_path / "v-dev.yaml").write_text(values_text())
    return tmp_path


def status(root: Path, worker: dict[str, Any] = HELM) -> WorkerStatus:
    (found,) = read_status(project_at(root, {"worker": worker}, ENVIRON), "dev")
    return found


def test_a_worker_that_is_well(platform: Path, deployed: StandInKubernetes, pool: FakePool) -> None:
    pool.template["variables"]["properties"]["image"]["default"] = IMAGE
    pool.scheduled = 4
    found = status(platform)
    assert found.well
    release = found.release
    assert release
    assert (release.status, release.revision) == ("deployed", 3)
    assert (release.pod, release.pod_state) == ("w-1", "Running")
    assert release.pod_image == "ghcr.io/acme/edp-flows:1"
    assert found.pool
    assert (found.pool.image, found.pool.paused) == (IMAGE, False)
    assert found.pool.template == template_digest(pool.template)
    assert found.depth == Depth(4, 0, 0.0)
    assert found.now
    assert found.now.hour == 7
    assert found.notes == ()


def test_a_release_that_is_missing(
    platform: Path, kubernetes: StandInKubernetes, pool: FakePool
) -> None:
    found = status(platform)
    assert found.release
    assert (found.release.name, found.release.status) == ("w", "missing")
    assert found.pool
    assert not found.well


def test_what_keeps_the_newest_pod_from_running_is_told_whatever_prefect_thinks(
    platform: Path, deployed: StandInKubernetes, pool: FakePool
) -> None:
    deployed.pods = [waiting("w-2", "ImagePullBackOff", 'Back-off: "x": not found')]
    found = status(platform)
    assert found.release
    assert found.release.pod_state == "ImagePullBackOff"
    assert found.notes == (
        'w-2, container prefect-worker: ImagePullBackOff: Back-off: "x": not found',
    )
    assert found.workers[0].status == "ONLINE"
    assert not found.well


@pytest.mark.parametrize("heard", ["2026-11-28T06:59:59Z", None])
def test_a_pod_that_prefect_has_not_heard_of_since_it_began_is_told(
    platform: Path, deployed: StandInKubernetes, pool: FakePool, heard: str | None
) -> None:
    pool.workers = [worker(heard=heard)]
    (note,) = status(platform).notes
    assert note.startswith("No worker has been heard of since w-1 began at 07:00:00 UTC.")
    assert note.endswith("kubectl -n prefect logs w-1 --all-containers")


def test_a_cluster_that_is_down_leaves_what_prefect_says(
    platform: Path, deployed: StandInKubernetes, pool: FakePool
) -> None:
    deployed.refusals = [DOWN]
    found = status(platform)
    assert found.release is None
    assert found.notes[0].startswith("The cluster could not be asked: The cluster at")
    assert found.workers
    assert not found.well


def test_a_pool_that_is_missing_is_told_beside_the_release(
    platform: Path, deployed: StandInKubernetes, pool: FakePool
) -> None:
    pool.exists = False
    found = status(platform)
    assert found.release
    assert found.pool is None
    assert found.notes == ("There is no work pool 'edp-work-pool' in dev.",)


def test_a_key_that_is_refused_is_no_missing_pool(
    platform: Path, deployed: StandInKubernetes, pool: FakePool
) -> None:
    pool.denied["/work_pools/edp-work-pool"] = Answer(401, {"detail": "no"})
    with pytest.raises(RefusedError):
        status(platform)


def test_a_pool_without_kubernetes_needs_neither_values_nor_cluster(
    tmp_path: Path, kubernetes: StandInKubernetes, pool: FakePool
) -> None:
    found = status(tmp_path, {"pool": "edp-work-pool"})
    assert (found.release, found.well) == (None, True)
    assert kubernetes.asked == []


def test_queues_come_with_what_is_late_in_each(
    tmp_path: Path, kubernetes: StandInKubernetes, pool: FakePool
) -> None:
    pool.queues = [
        {"id": "q2", "name": "slow", "priority": 2},
        {"id": "q1", "name": "default", "priority": 1, "is_paused": True},
    ]
    pool.late = 2
    found = status(tmp_path, {"pool": "edp-work-pool"})
    assert [(queue.name, queue.paused, queue.late) for queue in found.queues] == [
        ("default", True, 1),
        ("slow", False, 1),
    ]
    assert found.depth == Depth(0, 2, 12.5)
    assert not found.well


def test_values_that_cannot_be_read_are_told(
    tmp_path: Path, kubernetes: StandInKubernetes, pool: FakePool
) -> None:
    with pytest.raises(InputError, match=r"v-dev\.yaml cannot be read") as caught:
        status(tmp_path)
    assert "Correct `values`" in caught.value.remedy


def test_each_worker_of_the_environment_has_a_status(tmp_path: Path, pool: FakePool) -> None:
    workers = [{"pool": "edp-work-pool"}, {"pool": "other"}]
    project = project_at(tmp_path, {"worker": workers}, ENVIRON)
    assert [found.pool is None for found in read_status(project, "dev")] == [False, True]
    with pytest.raises(ConfigError, match="No worker is configured for prod"):
        read_status(project_at(tmp_path, {"worker": {"environments": ["dev"]}}), "prod")


def test_equal_templates_have_one_digest_in_whatever_order() -> None:
    one = template_digest({"a": 1, "b": [1, 2]})
    assert one == template_digest({"b": [1, 2], "a": 1})
    assert one != template_digest({"a": 1, "b": [2, 1]})
    assert len(one) == 16
