"""A look at everything of a worker, and what is to be done to each part of it.

kubectl, helm and Prefect are stand-ins; the real ones are looked at in `test_update.py` and
`test_faults.py` of `tests/real/worker`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from typing import Any

import pytest

from flowlift.config.worker import Secret, Worker
from flowlift.errors import ClusterError, HelmError, InputError, RefusedError, WorkerError
from flowlift.findings import Action
from flowlift.worker.cluster.cluster import Cluster
from flowlift.worker.cluster.helm import Helm, HelmRelease
from flowlift.worker.cluster.secrets import wanted
from flowlift.worker.look import (
    InCluster,
    Looked,
    applied_template,
    check_pull_secrets,
    look,
    read_applied,
    read_cluster,
    reading,
)
from flowlift.worker.model import DesiredPool
from flowlift.workspace.client import Client
from tests.parts.fake_api import ModelNetwork, ask_model
from tests.parts.fake_pool import FakePool, worker
from tests.parts.model_time import run
from tests.parts.proxy import Answer
from tests.parts.stand_in_kubernetes import (
    DOWN,
    HELM_DOWN,
    StandInKubernetes,
    pod,
    revision,
    secret,
    waiting,
)
from tests.parts.worker_values import desired_worker, template

CLUSTER, HELM = Cluster({}, "prefect", ("kubectl",)), Helm({}, "prefect")
KEY = Secret(name="key", key="KEY", from_env="API_KEY")
DESIRED = desired_worker(pool=DesiredPool("p", template(), "image:1"))


def values(of: dict[str, Any]) -> dict[str, Any]:
    """A release's values with a base job template in them."""
    return {"worker": {"config": {"baseJobTemplate": {"configuration": json.dumps(of)}}}}


@pytest.fixture
def pool() -> FakePool:
    return FakePool(template=template(), workers=[worker()])


@pytest.fixture
def deployed(kubernetes: StandInKubernetes) -> StandInKubernetes:
    """A cluster in which the worker is as it should be."""
    kubernetes.releases["w"] = [revision(3)]
    kubernetes.values["w"] = dict(DESIRED.values)
    kubernetes.pods = [pod()]
    return kubernetes


def looked(pool: FakePool, desired: Any = DESIRED, **more: Any) -> Looked:
    network = ModelNetwork(pool)
    return ask_model(network, lambda client: look(client, CLUSTER, HELM, desired, **more))


def test_a_worker_that_is_as_it_should_be_differs_in_nothing(
    deployed: StandInKubernetes, pool: FakePool
) -> None:
    found = looked(pool)
    assert [(part.kind, part.action) for part in found.parts] == [
        ("namespace", Action.NONE),
        ("release", Action.NONE),
        ("pool", Action.NONE),
    ]
    assert not found.differs
    assert [one.name for one in found.workers] == ["edp-worker"]
    assert found.release
    assert found.release.newest.number == 3


def test_nothing_is_there_yet(kubernetes: StandInKubernetes) -> None:
    kubernetes.namespace = False
    found = looked(FakePool(exists=False))
    assert {part.kind: part.action for part in found.parts} == {
        "namespace": Action.CREATE,
        "release": Action.CREATE,
        "pool": Action.CREATE,
    }
    assert (found.pool, found.workers, found.runs) == (None, (), False)


def test_a_secret_that_is_missing_is_a_part_before_the_release(
    deployed: StandInKubernetes, pool: FakePool
) -> None:
    found = looked(pool, wanted=wanted((KEY,), {"API_KEY": "pnu_0123456789"}))
    assert [part.kind for part in found.parts] == ["namespace", "secret", "release", "pool"]
    assert found.part("secret").action is Action.CREATE
    assert found.differs
    with pytest.raises(InputError, match="API_KEY is not set"):
        looked(pool, wanted=wanted((KEY,), {}))


def test_a_pod_that_read_a_secret_before_it_changed_is_to_be_restarted(
    deployed: StandInKubernetes, pool: FakePool
) -> None:
    reads = pod(made="2026-11-28T07:00:00Z")
    reads["spec"]["containers"][0]["envFrom"] = [{"secretRef": {"name": "key"}}]
    deployed.pods = [reads]
    deployed.secrets = [secret("key", changed="2026-11-28T08:00:00Z"), secret("other")]
    found = looked(pool)
    assert found.restart == ("key",)
    assert found.differs
    deployed.secrets = [secret("key", changed="2026-11-28T06:00:00Z")]
    assert looked(pool).restart == ()


def test_a_newest_pod_that_does_not_run_is_a_difference(
    deployed: StandInKubernetes, pool: FakePool
) -> None:
    newer = waiting("w-2", "CrashLoopBackOff")
    newer["metadata"]["creationTimestamp"] = "2026-11-28T09:00:00Z"
    deployed.pods.append(newer)
    found = looked(pool)
    assert [one["metadata"]["name"] for one in found.pods] == ["w-2", "w-1"]
    assert (found.runs, found.differs) == (False, True)


# The pool's template ---------------------------------------------------------------------


def other(image: str) -> dict[str, Any]:
    changed = template()
    changed["variables"]["properties"]["image"]["default"] = image
    return changed


def test_a_template_that_differs_is_told_field_by_field(
    deployed: StandInKubernetes, pool: FakePool
) -> None:
    pool.template = other("old:1")
    part = looked(pool).part("pool")
    assert (part.action, part.note) == (Action.UPDATE, "")
    (field,) = part.fields
    assert field.field == "base_job_template.variables.properties.image.default"
    assert field.before == "old:1"


def test_a_change_by_hand_is_undone_or_kept_as_policy_says(
    deployed: StandInKubernetes, pool: FakePool
) -> None:
    deployed.values["w"] = values(template())
    desired = desired_worker(values=values(template()), pool=DESIRED.pool)
    pool.template = other("by-hand:1")
    undone, kept = looked(pool, desired), looked(pool, desired, on_drift="keep")
    assert (undone.part("pool").action, undone.keeps) == (Action.UPDATE, False)
    assert undone.part("pool").note == "its template was changed by hand"
    assert (kept.part("pool").action, kept.keeps) == (Action.NONE, True)
    assert kept.part("pool").fields == undone.part("pool").fields
    assert not kept.differs


def test_what_was_never_applied_is_no_change_by_hand(
    deployed: StandInKubernetes, pool: FakePool
) -> None:
    deployed.values["w"] = values(other("before:1"))
    desired = desired_worker(values=values(template()), pool=DESIRED.pool)
    pool.template = other("before:1")
    found = looked(pool, desired, on_drift="keep")
    assert (found.part("pool").action, found.keeps) == (Action.UPDATE, False)


def test_a_pool_whose_template_flowlift_does_not_say_keeps_its_own(
    deployed: StandInKubernetes, pool: FakePool
) -> None:
    part = looked(pool, desired_worker(pool=DesiredPool("p", None))).part("pool")
    assert (part.action, part.note) == (Action.NONE, "keeps its own template")


# What cannot be asked --------------------------------------------------------------------


def test_a_key_that_is_refused_is_no_missing_pool(
    deployed: StandInKubernetes, pool: FakePool
) -> None:
    pool.denied["/work_pools/p"] = Answer(401, {"detail": "no"})
    with pytest.raises(RefusedError):
        looked(pool)


def test_a_cluster_that_is_down_is_explained_by_kubectl_rather_than_by_helm(
    kubernetes: StandInKubernetes,
) -> None:
    kubernetes.helm_refuses["history"] = kubernetes.helm_refuses["get"] = HELM_DOWN
    with pytest.raises(HelmError, match="kubernetes cluster unreachable"):
        run(read_cluster(CLUSTER, HELM, "w"))
    kubernetes.refusals = [DOWN]
    with pytest.raises(ClusterError, match="does not answer"):
        run(read_cluster(CLUSTER, HELM, "w"))


def test_answers_that_are_under_way_already_are_not_asked_for_again(
    deployed: StandInKubernetes, pool: FakePool
) -> None:
    async def work(client: Client) -> Looked:
        there = asyncio.ensure_future(read_cluster(CLUSTER, HELM, "w"))
        await there
        deployed.asked.clear()
        return await look(client, CLUSTER, HELM, DESIRED, under_way=there)

    assert ask_model(ModelNetwork(pool), work).release
    assert deployed.asked == []


# Reading ahead ---------------------------------------------------------------------------


def ahead(config: Worker, use: Any) -> Any:
    async def main() -> Any:
        async with reading({"PATH": ""}, "dev", config) as under_way:
            return await use(under_way)

    return run(main())


def test_the_cluster_is_asked_while_the_files_are_read(deployed: StandInKubernetes) -> None:
    async def use(under_way: Awaitable[InCluster]) -> Any:
        assert deployed.asked  # before anybody waits for it
        return (await under_way).release

    assert ahead(Worker(release="w"), use).newest.number == 3


def test_a_pool_without_kubernetes_asks_no_cluster(kubernetes: StandInKubernetes) -> None:
    async def use(under_way: Awaitable[InCluster] | None) -> bool:
        return under_way is None

    assert ahead(Worker(pool="p"), use)
    assert kubernetes.asked == []


def test_what_fails_is_told_to_whoever_waits_for_it_and_to_nobody_else(
    kubernetes: StandInKubernetes,
) -> None:
    kubernetes.refusals = [DOWN]

    async def nothing(under_way: object) -> str:
        return "read"

    async def waits(under_way: Awaitable[InCluster]) -> None:
        await under_way

    assert ahead(Worker(), nothing) == "read"
    with pytest.raises(ClusterError):
        ahead(Worker(), waits)


def test_the_template_that_was_applied_last_is_that_of_a_release_in_good_order(
    deployed: StandInKubernetes,
) -> None:
    deployed.values["w"] = values({"applied": 1})

    def applied() -> Any:
        async def main() -> Any:
            return await read_applied(asyncio.ensure_future(read_cluster(CLUSTER, HELM, "w")))

        return run(main())

    assert applied() == {"applied": 1}
    deployed.releases["w"][-1]["status"] = "failed"
    assert applied() is None
    deployed.refusals = [DOWN]
    assert applied() is None
    assert run(read_applied(None)) is None


@pytest.mark.parametrize("found", [None, {}, {"worker": 1}, values({}) | {"worker": {}}])
def test_values_without_a_template_have_none_applied(found: Any) -> None:
    release = None if found is None else HelmRelease("w", (), found)
    assert applied_template(release) is None


# Pull secrets ----------------------------------------------------------------------------


def missing(pool: FakePool, desired: Any, *secrets: Secret) -> str:
    made = wanted(secrets, {"API_KEY": "x"})
    try:
        check_pull_secrets(desired, looked(pool, desired, wanted=made), made)
    except WorkerError as error:
        return error.message
    return ""


def test_pull_secrets_exist_or_are_made(deployed: StandInKubernetes, pool: FakePool) -> None:
    desired = desired_worker(pull_secrets=("reg",))
    assert "The pull secret 'reg' is not in the namespace 'prefect'" in missing(pool, desired)
    assert missing(pool, desired, Secret(name="reg", key="K", from_env="API_KEY")) == ""
    deployed.secrets = [secret("reg")]
    assert missing(pool, desired) == ""


def test_those_of_flow_runs_count_where_these_run_beside_the_worker(
    deployed: StandInKubernetes, pool: FakePool
) -> None:
    def of(namespace: str) -> Any:
        changed = template()
        changed["variables"]["properties"]["namespace"]["default"] = namespace
        return desired_worker(pool=DesiredPool("p", changed), job_pull_secrets=("jobs",))

    assert "'jobs'" in missing(pool, of("prefect"))
    assert "'jobs'" in missing(pool, of(""))
    assert missing(pool, of("elsewhere")) == ""
