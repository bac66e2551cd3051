"""What a pod's status says of why it does not start."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.worker.cluster.watch import by_events, is_ready, judge, step


def pod(*containers: dict[str, Any], init: tuple[dict[str, Any], ...] = (), **status: Any) -> Any:
    return {
        "metadata": {"name": "w-1", "uid": "1"},
        "spec": {"nodeName": "node"},
        "status": {
            "initContainerStatuses": list(init),
            "containerStatuses": list(containers),
            **status,
        },
    }


def waiting(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    return {"name": "c", "state": {"waiting": {"reason": reason, "message": message}}, **more}


@pytest.mark.parametrize(
    ("reason", "message", "passing"),
    [
        ("ErrImagePull", "failed to pull: localhost:5001/x@sha256:0: not found", False),
        ("ErrImagePull", "pulling failed with status code: 401 Unauthorized", False),
        ("ErrImagePull", "dial tcp 10.0.0.1:443: i/o timeout", True),
        ("ErrImagePull", "unexpected status code: 503 Service Unavailable", True),
        ("ImagePullBackOff", 'Back-off pulling image "x:1"', True),
        ("ImagePullBackOff", 'Back-off pulling image "x:1": rpc error: not found', False),
        ("InvalidImageName", "couldn't parse image name", False),
        ("CreateContainerConfigError", 'secret "x" not found', False),
    ],
)
def test_what_kubelet_tries_again_with_hope_may_pass(
    reason: str, message: str, passing: bool
) -> None:
    trouble = judge(pod(waiting(reason, message)))
    assert trouble
    assert (trouble.reason, trouble.passing) == (reason, passing)
    assert trouble.message == message


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing", ""])
def test_a_pod_that_is_on_its_way_has_no_trouble(reason: str) -> None:
    assert judge(pod(waiting(reason))) is None


def test_an_init_container_that_failed_is_told_at_once() -> None:
    ended = {"name": "sync", "state": {"terminated": {"exitCode": 1, "reason": "Error"}}}
    trouble = judge(pod(waiting("PodInitializing"), init=(ended,)))
    assert trouble
    assert (trouble.container, trouble.message) == ("sync", "exit code 1")


def test_a_container_that_was_killed_for_its_memory_says_so() -> None:
    last = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
    trouble = judge(pod(waiting("CrashLoopBackOff", "back-off", lastState=last, restartCount=2)))
    assert trouble
    assert (trouble.reason, trouble.message) == ("CrashLoopBackOff", "OOMKilled, exit code 137")
    assert trouble.previous


def test_a_container_that_was_restarted_and_runs_for_the_moment_is_in_trouble() -> None:
    running = {"name": "c", "state": {"running": {}}, "restartCount": 1, "ready": False}
    assert judge(pod(running))
    assert judge(pod({**running, "ready": True})) is None


def test_a_pod_without_a_node_gets_some_time() -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    trouble = judge(pod(conditions=[{**condition, "message": "0/1 nodes are available"}]))
    assert trouble
    assert (trouble.reason, trouble.passing) == ("Unschedulable", True)


def test_an_evicted_pod_is_told() -> None:
    trouble = judge(pod(phase="Failed", reason="Evicted", message="low on disk"))
    assert trouble
    assert (trouble.reason, trouble.message) == ("Evicted", "low on disk")


def event(kind: str, name: str, reason: str) -> Any:
    return {
        "metadata": {"uid": name},
        "involvedObject": {"kind": kind, "name": name},
        "reason": reason,
        "message": "exceeded quota",
    }


def test_a_pod_that_cannot_be_made_is_found_by_its_replica_set() -> None:
    events = [event("ReplicaSet", "other-1", "FailedCreate"), event("ReplicaSet", "w-1", "Other")]
    assert by_events(events, [], "w") is None
    trouble = by_events([*events, event("ReplicaSet", "w-2", "FailedCreate")], [], "w")
    assert trouble
    assert trouble.message == "exceeded quota"


def test_events_of_other_pods_do_not_count() -> None:
    here = pod()
    assert by_events([event("Pod", "old", "FailedMount")], [here], "w") is None
    assert by_events([event("Pod", "w-1", "FailedMount")], [here], "w")


def test_the_steps_of_a_pod_in_words() -> None:
    assert step(pod(waiting("ContainerCreating"))) == "c waits (ContainerCreating)"
    ready = pod(conditions=[{"type": "Ready", "status": "True"}])
    assert is_ready(ready)
    assert step(ready) == "runs"
    assert step({"metadata": {}, "spec": {}, "status": {}}) == "waits for a node"
