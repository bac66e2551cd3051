"""A release that is brought to a new revision: when it is given up, and what becomes of it then.

kubectl and helm are stand-ins; `tests/real/worker/test_faults.py` has the same with real ones.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

import pytest

from flowlift.errors import HelmError, RolloutError, WorkerError
from flowlift.worker.cluster.cluster import Cluster
from flowlift.worker.cluster.helm import TIED_LABEL, Helm, HelmRelease
from flowlift.worker.cluster.program import Answer
from flowlift.worker.cluster.rollout import Rollout, remedy
from flowlift.worker.cluster.watch import PodTrouble
from tests.parts.model_time import run
from tests.parts.stand_in_kubernetes import (
    StandInKubernetes,
    StandInUpgrade,
    pod,
    revision,
    waiting,
)
from tests.parts.worker_values import desired_worker

NOT_FOUND = "failed to pull and unpack image: ghcr.io/acme/edp-flows@sha256:0: not found"


def rollout(**more: Any) -> Rollout:
    cluster, helm = Cluster({}, "prefect", ("kubectl",)), Helm({}, "prefect")
    return Rollout(cluster, helm, desired_worker(pull_secrets=("reg",)), **more)


def release(kubernetes: StandInKubernetes, *revisions: dict[str, Any]) -> HelmRelease:
    """A release of which helm tells these revisions."""
    kubernetes.releases["w"] = list(revisions)
    kubernetes.values["w"] = {}
    found = run(Helm({}, "prefect").read("w"))
    assert found
    return found


def now() -> str:
    return datetime.now(timezone.utc).isoformat()


# What a dead helm has left --------------------------------------------------------------


def test_a_release_in_good_order_is_left_alone(kubernetes: StandInKubernetes) -> None:
    whole = release(kubernetes, revision(1), revision(2, "failed"))
    assert run(rollout().recover(whole)) is whole
    assert run(rollout().recover(None)) is None
    assert kubernetes.verbs("helm") == []


def of_helm(number: int, tied: str) -> dict[str, Any]:
    """Helm's own secret for a revision."""
    labels = {"owner": "helm", "name": "w", "version": str(number), TIED_LABEL: tied}
    return {"metadata": {"name": f"sh.helm.release.v1.w.v{number}", "labels": labels}}


def test_what_our_own_dead_helm_left_goes_back_to_the_last_good_revision(
    kubernetes: StandInKubernetes,
) -> None:
    kubernetes.secrets = [of_helm(3, "3")]
    half = release(
        kubernetes,
        revision(1, "superseded"),
        revision(2),
        revision(3, "pending-upgrade", updated=now()),
    )
    found = run(rollout().recover(half))
    assert found
    assert (found.newest.number, found.newest.status) == (4, "deployed")
    assert [words.split(" --")[0] for words in kubernetes.verbs("helm")] == ["rollback w 2"]


def test_a_first_installation_that_was_left_half_done_is_removed(
    kubernetes: StandInKubernetes,
) -> None:
    kubernetes.secrets = [of_helm(1, "1")]
    half = release(kubernetes, revision(1, "pending-install", updated=now()))
    assert run(rollout().recover(half)) is None
    assert [words.split(" --")[0] for words in kubernetes.verbs("helm")] == ["uninstall w"]


def test_the_helm_of_somebody_else_is_waited_for(kubernetes: StandInKubernetes) -> None:
    # The label that it inherited is of our revision before.
    kubernetes.secrets = [of_helm(2, "1")]
    half = release(kubernetes, revision(1), revision(2, "pending-upgrade", updated=now()))
    asked = len(kubernetes.asked)

    def comes_to_its_end(words: Sequence[str]) -> None:
        if len(kubernetes.asked) > asked + 6:
            kubernetes.releases["w"][-1]["status"] = "deployed"

    kubernetes.meanwhile = comes_to_its_end
    found = run(rollout().recover(half))
    assert found
    assert found.newest.status == "deployed"
    assert kubernetes.verbs("helm") == []


def test_one_that_takes_longer_than_helm_itself_may_is_given_up(
    kubernetes: StandInKubernetes,
) -> None:
    long_ago = "2026-01-01T00:00:00Z"
    half = release(kubernetes, revision(1), revision(2, "pending-rollback", updated=long_ago))
    run(rollout().recover(half))
    assert [words.split(" --")[0] for words in kubernetes.verbs("helm")] == ["rollback w 1"]


# An update -------------------------------------------------------------------------------


def test_helm_gets_the_values_on_its_standard_input(kubernetes: StandInKubernetes) -> None:
    before = release(kubernetes, revision(7))
    run(rollout(timeout=42).install(before, []))
    assert json.loads(kubernetes.given[0]) == {"worker": {"config": {"workPool": "p"}}}
    (words,) = kubernetes.verbs("helm")
    assert words.startswith("upgrade --install w prefect-worker --repo https://charts.example.com")
    assert "--wait --timeout 42s" in words


def fails(kubernetes: StandInKubernetes, before: HelmRelease | None, *pods: Any) -> WorkerError:
    with pytest.raises(RolloutError) as caught:
        run(rollout().install(before, pods))
    return caught.value


def test_a_pod_that_cannot_start_stops_helm_and_the_release_goes_back(
    kubernetes: StandInKubernetes,
) -> None:
    before = release(kubernetes, revision(7))
    kubernetes.upgrade = StandInUpgrade(looks=100)
    kubernetes.pods = [waiting("new", "ErrImagePull", NOT_FOUND), pod("old")]
    error = fails(kubernetes, before, pod("old"))
    assert kubernetes.upgrade.stopped
    assert kubernetes.upgrade.looks > 90
    assert "so the release was rolled back to revision 7.\nnew, container" in error.message
    assert NOT_FOUND in error.message
    assert error.remedy == "Correct worker.image in values-dev.yaml."
    assert "rollback w 7 --history-max 10 --wait --timeout 120s" in kubernetes.verbs("helm")[-1]


def test_trouble_of_the_old_pods_is_none_of_the_new_revision(kubernetes: StandInKubernetes) -> None:
    old = waiting("old", "CrashLoopBackOff")
    kubernetes.pods = [old]
    kubernetes.upgrade = StandInUpgrade(looks=10)
    run(rollout().install(release(kubernetes, revision(7)), [old]))
    assert not kubernetes.upgrade.stopped


def test_a_first_release_that_does_not_come_up_is_removed_again(
    kubernetes: StandInKubernetes,
) -> None:
    kubernetes.upgrade = StandInUpgrade(looks=100)
    kubernetes.pods = [waiting("new", "InvalidImageName", "couldn't parse image name")]
    error = fails(kubernetes, None)
    assert "so the release, which is the first, was removed again." in error.message
    assert kubernetes.verbs("helm")[-1].startswith("uninstall w ")


def test_that_it_could_not_be_taken_back_is_told_as_well(kubernetes: StandInKubernetes) -> None:
    before = release(kubernetes, revision(7))
    kubernetes.upgrade = StandInUpgrade(looks=100)
    kubernetes.pods = [waiting("new", "ErrImagePull", NOT_FOUND)]
    kubernetes.helm_refuses["rollback"] = "Error: release: not found"
    said = fails(kubernetes, before).message
    assert "it was to be taken back, which failed as well (helm rollback failed: release" in said
    assert NOT_FOUND in said


def test_what_helm_refuses_before_it_has_begun_is_told_in_its_words_and_nothing_undone(
    kubernetes: StandInKubernetes,
) -> None:
    before = release(kubernetes, revision(7))
    kubernetes.upgrade = StandInUpgrade(
        answer=Answer(1, "", "Error: unknown flag: --labels\n"), refuses=True
    )
    with pytest.raises(HelmError, match="helm upgrade failed: unknown flag: --labels"):
        run(rollout().install(before, []))
    assert [words.split()[0] for words in kubernetes.verbs("helm")] == ["upgrade"]


def test_a_revision_that_helm_gave_up_is_taken_back_with_its_words(
    kubernetes: StandInKubernetes,
) -> None:
    before = release(kubernetes, revision(7))
    said = "Error: UPGRADE FAILED: context deadline exceeded\n"
    kubernetes.upgrade = StandInUpgrade(answer=Answer(1, "", said))
    error = fails(kubernetes, before)
    assert error.message.endswith("revision 7.\nhelm: UPGRADE FAILED: context deadline exceeded")
    assert error.remedy == "kubectl get events shows more."


def test_a_cluster_that_does_not_answer_meanwhile_is_helms_own_affair(
    kubernetes: StandInKubernetes,
) -> None:
    before = release(kubernetes, revision(7))
    kubernetes.refusals = ["Error from server (Forbidden): pods is forbidden"]
    kubernetes.upgrade = StandInUpgrade(looks=2)
    run(rollout().install(before, []))


def test_an_update_that_is_interrupted_ends_helm_in_good_order(
    kubernetes: StandInKubernetes,
) -> None:
    kubernetes.upgrade = StandInUpgrade(looks=1_000_000)

    async def main() -> None:
        doing = asyncio.ensure_future(rollout().install(None, []))
        await asyncio.sleep(0.001)
        doing.cancel()
        await doing

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
    assert kubernetes.upgrade.stopped


# A restart -------------------------------------------------------------------------------


def test_a_restart_waits_until_the_new_pods_run(kubernetes: StandInKubernetes) -> None:
    old = pod("old")
    kubernetes.pods = [old]

    def progress(words: Sequence[str]) -> None:
        if len(kubernetes.asked) == 4:
            kubernetes.pods = [waiting("new", "ContainerCreating"), old]
        if len(kubernetes.asked) == 8:
            kubernetes.pods = [pod("new")]

    kubernetes.meanwhile = progress
    run(rollout().restart([old]))
    assert kubernetes.verbs("kubectl")[0].startswith("rollout restart deployment")
    assert len(kubernetes.asked) >= 8


def test_a_restarted_worker_that_does_not_start_is_told_with_its_reason(
    kubernetes: StandInKubernetes,
) -> None:
    kubernetes.pods = [waiting("new", "CreateContainerConfigError", 'secret "x" not found')]
    with pytest.raises(WorkerError, match='secret "x" not found') as caught:
        run(rollout().restart([]))
    assert "Add the secret to `secrets`" in caught.value.remedy


def test_a_restart_that_never_ends_is_given_up(kubernetes: StandInKubernetes) -> None:
    with pytest.raises(WorkerError, match="does not run after 0 s") as caught:
        run(rollout(timeout=0.0).restart([pod("old")]))
    assert caught.value.remedy == "kubectl -n prefect get events"


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (("ErrImagePull", "pull access: 401 Unauthorized"), "refuses the login. Pull secrets of"),
        (("ImagePullBackOff", "denied: nope"), "the worker: reg."),
        (("ErrImagePull", "not found: sha256:4014"), "Correct worker.image"),
        (("FailedToRetrieveImagePullSecret", ""), "A pull secret is missing (reg)"),
        (("InvalidImageName", ""), "Correct worker.image"),
        (("Unschedulable", "0/1 nodes"), "Make room on the node"),
        (("CrashLoopBackOff", ""), "the log above tells what went wrong"),
    ],
)
def test_each_trouble_has_its_remedy(trouble: tuple[str, str], says: str) -> None:
    reason, message = trouble
    wanted = desired_worker(pull_secrets=("reg",))
    assert says in remedy(PodTrouble("w-1", "prefect-worker", reason, message), wanted)


def test_an_init_container_that_fails_speaks_of_the_template() -> None:
    trouble = PodTrouble("w-1", "sync-base-job-template", "Error", "exit code 1")
    assert "Prefect refuses the base job template" in remedy(trouble, desired_worker())
