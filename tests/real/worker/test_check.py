"""`worker check` and `status` on a real cluster, through the command line."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.parts.cluster import WorkerPlatform
from tests.parts.platform import Result, flowlift

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("cluster")]

Make = Callable[..., WorkerPlatform]


@pytest.fixture(scope="module")
def installed(worker_platform: Make) -> WorkerPlatform:
    """A platform whose worker runs. Each test leaves it so."""
    platform = worker_platform()
    platform.update()
    return platform


def run(platform: WorkerPlatform, verb: str, *words: str, **environ: str) -> Result:
    platform.commit()
    place = ["-C", str(platform.repository.path)]
    return flowlift(["worker", verb, "dev", *place, *words], {**platform.environ, **environ})


def check(platform: WorkerPlatform, *words: str, **environ: str) -> dict[str, Any]:
    done = run(platform, "check", "--json", "--image", platform.image, *words, **environ)
    assert done.out, done.err
    document: dict[str, Any] = json.loads(done.out)[0]
    return document


def actions(checked: dict[str, Any]) -> dict[str, str]:
    return {f"{part['kind']} {part['name']}": part["action"] for part in checked["parts"]}


def test_before_the_first_update_everything_is_to_be_made(worker_platform: Make) -> None:
    platform = worker_platform()
    seen = run(platform, "check", "--image", platform.image)
    assert seen.code == 0, seen.out + seen.err
    assert f"+ create namespace {platform.namespace}" in seen.out
    assert "+ create secret reg-creds" in seen.out
    assert f"+ create release {platform.release}" in seen.out
    assert f"+ create pool {platform.pool}" in seen.out
    password = platform.flow_images.images.password
    assert f":{password}" not in seen.out + seen.err
    namespaces = platform.cluster.get("namespaces")["items"]
    assert platform.namespace not in [item["metadata"]["name"] for item in namespaces]
    status = run(platform, "status")
    assert status.code == 1
    assert "missing" in status.out
    assert f"There is no work pool '{platform.pool}'" in status.out


def test_what_runs_as_declared_differs_in_nothing(installed: WorkerPlatform) -> None:
    done = run(installed, "check", "--image", installed.image, "--detailed-exitcode")
    assert done.code == 0, done.out + done.err
    assert "Nothing differs." in done.out
    # Without --image the one that runs stays.
    assert run(installed, "check", "--detailed-exitcode").code == 0


def test_a_changed_value_a_secret_and_the_template_are_shown_field_by_field(
    installed: WorkerPlatform,
) -> None:
    before = copy.deepcopy(installed.template)
    installed.template["job_configuration"]["labels"] = {"team": "edp"}
    checked = check(installed, WORKER_KEY="admin:another-one")
    installed.template = before
    assert actions(checked) == {
        f"namespace {installed.namespace}": "none",
        "secret reg-creds": "none",
        "secret prefect-key": "update",
        f"release {installed.release}": "update",
        f"pool {installed.pool}": "update",
    }
    pool = next(part for part in checked["parts"] if part["kind"] == "pool")
    assert [field["field"] for field in pool["fields"]] == [
        "base_job_template.job_configuration.labels.team"
    ]
    assert "another-one" not in json.dumps(checked)


def test_the_pool_s_deployments_are_looked_at(installed: WorkerPlatform) -> None:
    installed.deploy(f"check-{installed.key}", "plain")
    before = copy.deepcopy(installed.template)
    installed.template["variables"]["properties"]["team"] = {"type": "string"}
    installed.template["variables"]["required"] = ["team"]
    installed.template["job_configuration"]["labels"] = {"team": "{{ team }}"}
    checked = check(installed)
    installed.template = before
    found = [(item["check"], item["deployment"]) for item in checked["findings"]]
    assert ("job-variables", f"check-{installed.key}/plain") in found


@pytest.mark.parametrize(
    ("image", "name"),
    [("{name}@sha256:" + "0" * 64, "image-missing"), ("{name}:nobody", "")],
)
def test_an_image_that_is_not_there_is_found_before_any_write(
    installed: WorkerPlatform, image: str, name: str
) -> None:
    reference = image.format(name=installed.flow_images.name)
    done = run(installed, "check", "--json", "--image", reference)
    if not name:
        assert done.code == 1
        assert "There is no image" in done.err
        return
    assert done.code == 2
    assert name in [item["check"] for item in json.loads(done.out)[0]["findings"]]


def test_a_wrong_password_in_the_pull_secret_is_found_before_any_write(
    installed: WorkerPlatform,
) -> None:
    checked = check(installed, REG_PASSWORD="hunter2-hunter2")
    assert "image-login" in [item["check"] for item in checked["findings"]]
    assert "hunter2" not in json.dumps(checked)


def test_values_that_the_chart_s_schema_refuses_are_found(installed: WorkerPlatform) -> None:
    installed.more = {"image": {"repository": 5}}
    try:
        checked = check(installed)
    finally:
        installed.more = {}
    assert "chart-values" in [item["check"] for item in checked["findings"]]


def test_a_pull_secret_that_nobody_makes_is_found(installed: WorkerPlatform) -> None:
    before = copy.deepcopy(installed.template)
    spec = installed.template["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]
    spec["imagePullSecrets"] = [{"name": "nobody-makes-this"}]
    checked = check(installed)
    installed.template = before
    told = {item["check"]: item["message"] for item in checked["findings"]}
    assert "nobody-makes-this" in told["pull-secret"]
    assert "image-login" in told


def test_a_cluster_that_is_down_is_told_and_the_status_still_tells_the_pool(
    installed: WorkerPlatform, tmp_path: Any
) -> None:
    config = tmp_path / "kubeconfig"
    config.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "x",
                "clusters": [{"name": "x", "cluster": {"server": "https://127.0.0.1:9"}}],
                "users": [{"name": "x", "user": {}}],
                "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
            }
        )
    )
    down = {"KUBECONFIG": str(config), "FLOWLIFT_DEV_KUBECONFIG": str(config)}
    done = run(installed, "check", "--image", installed.image, **down)
    assert done.code == 1
    assert "does not answer" in done.err
    status = run(installed, "status", **down)
    assert status.code == 1
    assert "The cluster could not be asked" in status.out
    assert f"worker-{installed.key}  online" in status.out


def test_the_status_tells_release_image_and_worker(installed: WorkerPlatform) -> None:
    done = run(installed, "status")
    assert done.code == 0, done.out + done.err
    assert f"{installed.release} in {installed.namespace}  deployed, revision" in done.out
    assert installed.image in done.out
    assert f"worker-{installed.key}  online, heartbeat" in done.out
    told = json.loads(run(installed, "status", "--json").out)[0]
    assert told["release"]["pod_state"] == "Running"
    assert len(told["pool"]["template"]) == 16


def test_the_status_tells_of_a_new_pod_that_cannot_start(installed: WorkerPlatform) -> None:
    name = installed.get("deployments")["items"][0]["metadata"]["name"]
    missing = f"{installed.worker_image[:-8]}00000000"
    installed.kubectl("set", "image", f"deployment/{name}", f"prefect-worker={missing}")
    try:
        deadline = time.monotonic() + 60
        while "ErrImagePull" not in (done := run(installed, "status")).out:
            assert time.monotonic() < deadline, done.out
        assert done.code == 1
        assert f"worker-{installed.key}  online" in done.out  # that of the pod before
        assert "container prefect-worker: ErrImagePull" in done.out
        done = run(installed, "check", "--detailed-exitcode")
        assert done.code == 2
        assert "~ await the worker: its newest pod does not run" in done.out
        assert "Nothing is to be written, but the worker does not run" in done.out
    finally:
        installed.kubectl("rollout", "undo", f"deployment/{name}")
    installed.kubectl("rollout", "status", f"deployment/{name}", "--timeout=60s")
    assert run(installed, "status").code == 0


def test_a_value_that_the_chart_misses_is_told_in_the_chart_s_words(
    installed: WorkerPlatform,
) -> None:
    installed.more = {"selfHostedServerApiConfig": {"apiUrl": ""}}
    try:
        checked = check(installed)
    finally:
        installed.more = {}
    (found,) = (item for item in checked["findings"] if item["check"] == "chart-values")
    assert "required" in found["message"]
    assert "worker.selfHostedServerApiConfig.apiUrl" in found["message"]
    assert "Correct the values file" in found["remedy"]
