"""A cluster through kubectl: what its answers mean, and what its refusals are told as."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from flowlift.errors import ClusterError
from flowlift.worker.cluster import cluster as module
from flowlift.worker.cluster.cluster import Cluster, event_time, open_cluster
from tests.parts.model_time import run
from tests.parts.stand_in_kubernetes import (
    DOWN,
    FORBIDDEN,
    NOT_THERE,
    SERVER,
    TIMED_OUT,
    StandInKubernetes,
    pod,
    secret,
)

HERE = Cluster({"KUBECONFIG": "/k"}, "prefect", ("kubectl",))


def fails(asked: Coroutine[Any, Any, Any]) -> ClusterError:
    with pytest.raises(ClusterError) as caught:
        run(asked)
    return caught.value


def test_names_are_quoted_in_paths_and_queries_encoded() -> None:
    odd = Cluster({}, "a/b", ("kubectl",))
    assert odd.path("pods") == "/api/v1/namespaces/a%2Fb/pods"
    assert odd.path("secrets", "x y") == "/api/v1/namespaces/a%2Fb/secrets/x%20y"
    assert odd.path("pods", "x/log", tail="5 ") == "/api/v1/namespaces/a%2Fb/pods/x/log?tail=5+"


def test_what_is_not_there_is_none_and_what_is_is_read(kubernetes: StandInKubernetes) -> None:
    assert run(HERE.namespace_object())["metadata"]["name"] == "prefect"
    kubernetes.namespace = False
    assert run(HERE.namespace_object()) is None


def test_secrets_come_by_name_and_without_helms_own(kubernetes: StandInKubernetes) -> None:
    kubernetes.secrets = [secret("a"), secret("b")]
    assert list(run(HERE.secrets())) == ["a", "b"]
    assert "fieldSelector=type%21%3Dhelm.sh%2Frelease.v1" in kubernetes.asked[-1][-1]


def test_pods_come_newest_first_and_without_those_on_their_way_out(
    kubernetes: StandInKubernetes,
) -> None:
    leaving = pod("leaving", made="2026-11-28T09:00:00Z")
    leaving["metadata"]["deletionTimestamp"] = "2026-11-28T09:01:00Z"
    other = pod("other")
    other["metadata"]["labels"] = {"app.kubernetes.io/instance": "another"}
    newer = pod("newer", made="2026-11-28T08:00:00Z")
    kubernetes.pods = [pod("older"), leaving, newer, other]
    names = [found["metadata"]["name"] for found in run(HERE.pods("w"))]
    assert names == ["newer", "older"]
    names = [found["metadata"]["name"] for found in run(HERE.pods("w", leaving=True))]
    assert names == ["leaving", "newer", "older"]


def test_events_come_in_order_of_whichever_time_they_have(kubernetes: StandInKubernetes) -> None:
    def event(name: str, **times: Any) -> dict[str, Any]:
        made = times.pop("made", None)
        return {"metadata": {"uid": name, "creationTimestamp": made}, **times}

    kubernetes.events = [
        event("d", made="2026-11-28T07:00:04Z"),
        event("c", eventTime="2026-11-28T07:00:03Z", made="2026-11-28T09:00:00Z"),
        event("a", series={"lastObservedTime": "2026-11-28T07:00:01Z"}, lastTimestamp=None),
        event("b", lastTimestamp="2026-11-28T07:00:02Z"),
    ]
    assert [found["metadata"]["uid"] for found in run(HERE.events())] == ["a", "b", "c", "d"]
    assert event_time({"metadata": {}}) == ""


def test_a_container_that_has_not_begun_has_no_log(kubernetes: StandInKubernetes) -> None:
    kubernetes.logs[("w-1", "main")] = "one\ntwo\n"
    assert run(HERE.log("w-1", "main")) == "one\ntwo\n"
    assert run(HERE.log("w-1", "init", previous=True)) == ""
    assert "previous=true" in kubernetes.asked[-2][-1]
    kubernetes.refusals = [FORBIDDEN]
    assert "Forbidden" in fails(HERE.log("w-1", "main")).message


def test_what_is_written_goes_over_standard_input_alone(kubernetes: StandInKubernetes) -> None:
    thing = {"kind": "Secret", "data": {"KEY": "aHVudGVyMg=="}}
    run(HERE.apply([thing]))
    assert json.loads(kubernetes.given[0])["items"] == [thing]
    assert "aHVudGVyMg==" not in " ".join(kubernetes.asked[0])
    assert kubernetes.verbs("kubectl") == [
        "apply --server-side --force-conflicts --field-manager flowlift -f -"
    ]


def test_what_passes_by_itself_is_asked_again(kubernetes: StandInKubernetes) -> None:
    kubernetes.refusals = [TIMED_OUT, TIMED_OUT, ""]
    assert run(HERE.namespace_object())
    assert len(kubernetes.asked) == 3


def test_a_restart_is_asked_once_as_it_would_restart_twice(kubernetes: StandInKubernetes) -> None:
    kubernetes.refusals = [TIMED_OUT, ""]
    assert "does not answer" in fails(HERE.restart("w")).message
    assert len(kubernetes.verbs("kubectl")) == 1


@pytest.mark.parametrize("said", [DOWN, TIMED_OUT])
def test_a_cluster_that_is_down_is_told_with_its_address_and_kubeconfig(
    kubernetes: StandInKubernetes, said: str
) -> None:
    kubernetes.refusals = [said]
    error = fails(HERE.namespace_object())
    assert error.message.startswith(f"The cluster at {SERVER} does not answer: ")
    assert "KUBECONFIG says /k." in error.remedy


def test_no_answer_in_time_is_told_as_a_cluster_that_is_down(kubernetes: StandInKubernetes) -> None:
    kubernetes.slow = {"kubectl"}
    error = fails(HERE.namespace_object())
    assert "the address of the kubeconfig does not answer: no answer within 60 s" in error.message


def test_a_refusal_is_told_at_once_with_what_to_give(kubernetes: StandInKubernetes) -> None:
    kubernetes.refusals = [FORBIDDEN]
    error = fails(HERE.secrets())
    assert error.message == f"The cluster refuses (kubectl get): {FORBIDDEN}"
    assert "in the namespace 'prefect'" in error.remedy
    assert sum(words[2] == "get" for words in kubernetes.asked) == 1


def test_a_missing_namespace_is_no_answer_to_a_write(kubernetes: StandInKubernetes) -> None:
    kubernetes.refusals = [NOT_THERE.format(kind="namespaces", name="prefect")]
    assert "refuses (kubectl apply)" in fails(HERE.apply([])).message


def test_without_kubectl_that_is_said(kubernetes: StandInKubernetes) -> None:
    kubernetes.missing = {"kubectl"}
    assert "kubectl is not installed" in fails(HERE.namespace_object()).message


# Which cluster ---------------------------------------------------------------------------


def executable(folder: Path, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(0o755)
    return folder


def test_the_environments_own_kubeconfig_comes_before_the_other_ones(tmp_path: Path) -> None:
    environ = {"FLOWLIFT_PRE_PROD_KUBECONFIG": "/own", "KUBECONFIG": "/other", "PATH": ""}
    assert open_cluster(environ, "pre-prod", "n").environ["KUBECONFIG"] == "/own"
    assert open_cluster(environ, "dev", "n").environ["KUBECONFIG"] == "/other"


def test_k3s_own_kubeconfig_is_taken_where_the_user_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    k3s = tmp_path / "k3s.yaml"
    k3s.write_text("")
    monkeypatch.setattr(module, "K3S_CONFIG", k3s)
    environ = {"HOME": str(tmp_path), "PATH": ""}
    assert open_cluster(environ, "dev", "n").environ["KUBECONFIG"] == str(k3s)
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube/config").write_text("")
    assert "KUBECONFIG" not in open_cluster(environ, "dev", "n").environ


def test_k3s_brings_a_kubectl_where_there_is_no_other(tmp_path: Path) -> None:
    folder = executable(tmp_path / "bin", "k3s")
    environ = {"HOME": str(tmp_path), "PATH": str(folder)}
    assert open_cluster(environ, "dev", "n").kubectl == ("k3s", "kubectl")
    executable(folder, "kubectl")
    assert open_cluster(environ, "dev", "n").kubectl == ("kubectl",)


def test_the_environment_never_shows_in_a_repr() -> None:
    assert "hunter2" not in repr(Cluster({"KEY": "hunter2"}, "n", ("kubectl",)))
