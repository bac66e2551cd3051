"""The canary: which end of its run proves an update, and when it is given up.

Prefect and the cluster are stand-ins; a real canary flies in `tests/real/worker/test_update.py`.
"""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.errors import AnswerError, WorkerError
from flowlift.voice import SILENT
from flowlift.worker.canary import TAG, Canary, fly, image_id
from flowlift.worker.cluster.cluster import Cluster
from flowlift.worker.model import DesiredPool
from flowlift.workspace.client import Client
from tests.parts.fake_api import ModelNetwork, ask_model
from tests.parts.fake_pool import FakePool
from tests.parts.proxy import Answer
from tests.parts.stand_in_kubernetes import StandInKubernetes, pod, waiting
from tests.parts.worker_values import IMAGE, desired_worker

POOL = DesiredPool("p", {}, IMAGE)


def of_run(found: dict[str, Any]) -> dict[str, Any]:
    """A pod as that of the canary's run."""
    found["metadata"]["labels"] = {"prefect.io/flow-run-id": "run-1"}
    return found


@pytest.fixture
def pool() -> FakePool:
    return FakePool(deployments={"d": {}}, states=["Scheduled", "Running", "Completed"])


@pytest.fixture
def running(kubernetes: StandInKubernetes) -> StandInKubernetes:
    """A cluster in which the run's pod runs in the pool's image."""
    kubernetes.pods = [of_run(pod("run"))]
    return kubernetes


def flown(
    pool: FakePool,
    canary: str | None = "f/d",
    *,
    wanted: DesiredPool = POOL,
    timeout: float = 60,
    **more: Any,
) -> Any:
    desired = desired_worker(canary=canary, pool=wanted, **more)
    cluster = Cluster({}, "prefect", ("kubectl",))

    async def work(client: Client) -> Canary | None:
        return await fly(client, cluster, desired, timeout=timeout, voice=SILENT)

    return ask_model(ModelNetwork(pool), work)


def fails(pool: FakePool, **more: Any) -> WorkerError:
    with pytest.raises(WorkerError) as caught:
        flown(pool, **more)
    return caught.value


def cancelled(pool: FakePool) -> bool:
    return bool(pool.asked("/set_state"))


def test_a_run_that_ends_well_in_the_pools_image_is_a_proof(
    pool: FakePool, running: StandInKubernetes
) -> None:
    found = flown(pool)
    assert (found.run, found.deployment, found.image) == ("run-1", "f/d", IMAGE)
    (asked,) = pool.asked("/create_flow_run")
    assert TAG in asked["tags"]
    assert not cancelled(pool)


def test_without_a_canary_nothing_is_run(pool: FakePool, kubernetes: StandInKubernetes) -> None:
    assert flown(pool, canary=None) is None
    assert pool.requests == []


def test_a_deployment_that_is_not_there_is_told(pool: FakePool) -> None:
    error = fails(pool, canary="f/other")
    assert error.message == "The canary f/other is not in dev."
    assert "it is flow/deployment" in error.remedy


def test_another_error_of_the_api_is_no_missing_deployment(pool: FakePool) -> None:
    pool.denied["/deployments/name/f/d"] = Answer(409, {"detail": "no"})
    with pytest.raises(AnswerError):
        flown(pool)


def test_a_deployment_that_refuses_to_be_run_is_told(pool: FakePool) -> None:
    pool.denied["/deployments/id-d/create_flow_run"] = Answer(409, {"detail": "needs `day`"})
    assert "The canary f/d cannot be run: " in fails(pool).message


def test_a_run_in_another_image_is_no_proof(pool: FakePool, running: StandInKubernetes) -> None:
    container = running.pods[0]["status"]["containerStatuses"][0]
    container["imageID"] = "ghcr.io/acme/old@sha256:" + "b" * 64
    error = fails(pool)
    assert f"ran in ghcr.io/acme/old@sha256:{'b' * 64}, not in {IMAGE}" in error.message
    assert "something else gives it to the run" in error.remedy
    pool.deployments["d"] = {"job_variables": {"image": "acme/own:1"}}
    assert "an image of its own, acme/own:1" in fails(pool).remedy


def test_an_image_that_could_not_be_read_is_no_proof(
    pool: FakePool, kubernetes: StandInKubernetes
) -> None:
    assert "ran in an image that could not be read" in fails(pool).message


def test_where_flowlift_gives_no_image_any_will_do(
    pool: FakePool, kubernetes: StandInKubernetes
) -> None:
    assert flown(pool, wanted=DesiredPool("p", None)).image == ""


def test_a_pod_that_is_gone_by_the_end_was_seen_before(
    pool: FakePool, running: StandInKubernetes
) -> None:
    seen: list[object] = []

    def leave(words: object) -> None:
        seen.append(words)
        if len(seen) > 1:
            running.pods = []

    running.meanwhile = leave
    assert flown(pool).image == IMAGE


@pytest.mark.parametrize("state", ["Failed", "Crashed", "Cancelled"])
def test_a_run_that_does_not_end_well_is_told_with_its_log(
    pool: FakePool, running: StandInKubernetes, state: str
) -> None:
    pool.states = [state]
    pool.message = "Flow run encountered an exception: ValueError"
    pool.logs = ["Beginning", "ValueError: no\nand a long traceback"]
    error = fails(pool)
    assert error.message == (
        f"The canary f/d ended as {state}.\n"
        "  Flow run encountered an exception: ValueError\n"
        "  | Beginning\n"
        "  | ValueError: no"
    )
    assert "run-1" in error.remedy
    assert not cancelled(pool)


def test_a_run_that_somebody_deletes_is_no_proof(
    pool: FakePool, kubernetes: StandInKubernetes
) -> None:
    pool.states = ["Scheduled", "gone"]
    assert "ended as deleted" in fails(pool).message
    assert not cancelled(pool)


def test_a_pod_that_cannot_start_is_given_up_and_the_run_cancelled(
    pool: FakePool, kubernetes: StandInKubernetes
) -> None:
    pool.states = ["Pending"]
    said = "pull access denied: 403 Forbidden"
    kubernetes.pods = [of_run(waiting("run", "ErrImagePull", said))]
    error = fails(pool, job_pull_secrets=("jobs",))
    assert error.message.startswith("The canary f/d does not run.\nrun, container")
    assert said in error.message
    assert error.remedy == ("The registry refuses the login. Pull secrets of the template: jobs.")
    assert cancelled(pool)


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("InvalidImageName", "A placeholder was left in the base job template"),
        ("CreateContainerConfigError", "at the template in values-dev.yaml"),
    ],
)
def test_what_keeps_a_pod_from_running_has_its_remedy(
    pool: FakePool, kubernetes: StandInKubernetes, reason: str, says: str
) -> None:
    pool.states = ["Pending"]
    kubernetes.pods = [of_run(waiting("run", reason))]
    assert says in fails(pool).remedy


def test_trouble_that_passes_by_itself_is_no_failure(
    pool: FakePool, kubernetes: StandInKubernetes
) -> None:
    pool.states = ["Pending"] * 6 + ["Running", "Completed"]
    busy = "503 Service Unavailable"
    kubernetes.pods = [of_run(waiting("run", "ErrImagePull", busy))]

    def comes(words: object) -> None:
        if len(kubernetes.asked) == 6:
            kubernetes.pods = [of_run(pod("run"))]

    kubernetes.meanwhile = comes
    assert flown(pool)


def test_a_run_that_takes_too_long_is_given_up_and_cancelled(
    pool: FakePool, kubernetes: StandInKubernetes
) -> None:
    pool.states = ["Late"]
    error = fails(pool, timeout=0)
    assert error.message == "The canary f/d is Late after 0 s."
    assert cancelled(pool)


def test_a_name_with_odd_letters_is_found(pool: FakePool, running: StandInKubernetes) -> None:
    pool.deployments = {"d?x=1#": {}}
    assert flown(pool, canary="f/d?x=1#").deployment == "f/d?x=1#"


@pytest.mark.parametrize(
    "odd", [None, {}, {"status": {}}, {"status": {"containerStatuses": [{"name": "c"}]}}]
)
def test_a_pod_that_has_not_begun_has_no_image(odd: Any) -> None:
    assert image_id(odd) == ""
