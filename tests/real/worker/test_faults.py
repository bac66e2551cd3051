"""What goes wrong with a worker, on a real cluster: what is read, and what is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from flowlift.worker.cluster import rollout, watch
from tests.parts.cluster import CHART, WorkerPlatform
from tests.parts.slow import SlowLine

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("cluster")]

Make = Callable[..., WorkerPlatform]


@pytest.fixture(scope="module")
def installed(worker_platform: Make) -> WorkerPlatform:
    """A platform whose worker runs. Each test leaves it so."""
    platform = worker_platform()
    platform.update()
    return platform


def still_works(platform: WorkerPlatform, pod: str) -> None:
    """The old pod runs, the pool has the old image, and an update finds nothing to do."""
    assert [item["metadata"]["name"] for item in platform.pods()] == [pod]
    assert platform.pool_image() == platform.image
    assert platform.history()[-1]["status"] == "deployed"
    assert not platform.update().changed


def pod_of(platform: WorkerPlatform) -> str:
    return str(platform.pods()[0]["metadata"]["name"])


def other_server(platform: WorkerPlatform, folder: Path, changes: Mapping[str, str]) -> Path:
    """A kubeconfig that finds the cluster elsewhere."""
    document = yaml.safe_load(platform.cluster.kubeconfig.read_text())
    document["clusters"][0]["cluster"] |= changes
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(document))
    return file


def test_a_cluster_that_is_down(installed: WorkerPlatform, tmp_path: Path) -> None:
    config = other_server(installed, tmp_path, {"server": "https://127.0.0.1:1"})
    kept, installed.environ["KUBECONFIG"] = installed.environ["KUBECONFIG"], str(config)
    begun = time.monotonic()
    said = installed.fails()
    assert time.monotonic() - begun < 10
    installed.environ["KUBECONFIG"] = kept
    assert "does not answer" in said
    assert "127.0.0.1:1" in said
    assert str(config) in said


def test_an_image_of_the_worker_that_does_not_exist(installed: WorkerPlatform) -> None:
    pod, good = pod_of(installed), installed.worker_image
    installed.worker_image = good[:-8] + "00000000"
    said = installed.fails()
    assert "error: image-missing" in said
    # Where nobody could ask the registry beforehand, the pod tells, and is not waited for.
    installed.checks = {"image-missing": "off"}
    kept, installed.image = installed.image, installed.flow_images.make()
    begun = time.monotonic()
    said = installed.fails()
    assert time.monotonic() - begun < 20
    assert "ErrImagePull" in said
    assert "not found" in said
    assert "rolled back to revision" in said
    assert "Correct worker.image in values-dev.yaml" in said
    installed.worker_image, installed.checks, installed.image = good, {}, kept
    still_works(installed, pod)


def test_a_wrong_registry_password(worker_platform: Make) -> None:
    platform = worker_platform()
    platform.worker_image = platform.flow_images.make()  # no node has it yet
    password = platform.environ["REG_PASSWORD"]
    platform.environ["REG_PASSWORD"] = "wrong-password"
    said = platform.fails()
    assert "reg-creds" in said
    assert "wrong-password" not in said
    assert not platform.server.request(
        "POST", "/work_pools/filter", {"work_pools": {"name": {"any_": [platform.pool]}}}
    )
    platform.checks = {"image-login": "off"}
    said = platform.fails()
    assert "The registry refuses the login" in said
    assert "wrong-password" not in said
    assert "was removed again" in said
    platform.environ["REG_PASSWORD"], platform.checks = password, {}
    assert platform.update().changed


def test_a_missing_pull_secret(installed: WorkerPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    pod = pod_of(installed)
    installed.more = {"image": {**installed.values()["worker"]["image"], "pullSecrets": ["nope"]}}
    said = installed.fails()
    assert "The pull secret 'nope' is not in the namespace" in said
    # Where nobody asks beforehand, only an event of the pod knows.
    installed.checks = {"pull-secret": "off", "image-login": "off"}
    installed.more = {}
    good, installed.worker_image = installed.worker_image, installed.flow_images.make()
    installed.more = {"image": {**installed.values()["worker"]["image"], "pullSecrets": ["nope"]}}
    monkeypatch.setattr(watch, "PATIENCE", 3.0)
    said = installed.fails()
    assert "FailedToRetrieveImagePullSecret" in said
    assert "event: FailedToRetrieveImagePullSecret: Unable to retrieve some image pull" in said
    assert "A pull secret is missing (nope): add it to `secrets`." in said
    installed.more, installed.checks, installed.worker_image = {}, {}, good
    still_works(installed, pod)


def test_a_wrong_address_of_the_api(installed: WorkerPlatform) -> None:
    api, installed.api_url = installed.api_url, f"http://{installed.cluster.host}:1/api"
    said = installed.fails()
    assert "The worker cannot reach Prefect, or is refused, from within the cluster." in said
    assert "ConnectError" in said
    assert "rolled back to revision" in said
    installed.api_url = api
    still_works(installed, pod_of(installed))


def test_a_template_that_prefect_refuses(installed: WorkerPlatform) -> None:
    pod = pod_of(installed)
    job = installed.template["job_configuration"]
    job["name"] = "{{ undeclared }}"
    said = installed.fails()
    assert "undeclared" in said
    assert "nothing is written" in said
    # Where the check is off, the init container fails, and is not waited for.
    installed.checks = {"template-variable": "off"}
    said = installed.fails()
    assert "container sync-base-job-template: Error: exit code 1" in said
    assert "rolled back to revision" in said
    assert "Prefect refuses the base job template" in said
    installed.checks = {}
    job["name"] = "{{ name }}"
    still_works(installed, pod)


def test_a_key_that_is_in_no_secret(installed: WorkerPlatform) -> None:
    pod = pod_of(installed)
    extra = {"name": "X", "valueFrom": {"secretKeyRef": {"name": "nope", "key": "x"}}}
    installed.more = {"extraEnvVars": [extra]}
    said = installed.fails()
    assert "CreateContainerConfigError" in said
    assert 'secret "nope" not found' in said
    installed.more = {}
    still_works(installed, pod)


def test_a_worker_that_crashes(installed: WorkerPlatform) -> None:
    pod = pod_of(installed)
    kept, installed.image = installed.image, installed.flow_images.make()
    installed.more = {"command": ["/bin/sh", "-c", "echo no such thing >&2; exit 3"]}
    said = installed.fails()
    assert "container prefect-worker: Error: exit code 3" in said
    assert "| no such thing" in said
    assert "rolled back to revision" in said
    # The init container had brought the new template, and no rollback takes that back: we did.
    assert f"Work pool {installed.pool}: its template set back" in installed.lines
    installed.more, installed.image = {}, kept
    still_works(installed, pod)


def test_a_pool_that_is_paused(installed: WorkerPlatform) -> None:
    path = f"/work_pools/{installed.pool}"
    installed.server.request("PATCH", path, {"is_paused": True})
    said = installed.fails()
    assert "is up to date and works, but the work pool" in said
    assert f"prefect work-pool resume {installed.pool}" in said
    assert installed.live_pool()["is_paused"]
    installed.server.request("PATCH", path, {"is_paused": False})
    assert not installed.update().changed


# Killed in the middle --------------------------------------------------------------------


def values_of(platform: WorkerPlatform) -> str:
    values = platform.values()
    text = values["worker"]["config"]["baseJobTemplate"]["configuration"]
    values["worker"]["config"]["baseJobTemplate"]["configuration"] = text.replace(
        "DEFAULT_FLOW_IMAGE", platform.image
    )
    return json.dumps(values)


def helm_by_hand(platform: WorkerPlatform) -> subprocess.Popen[str]:
    """Somebody's own helm, without flowlift."""
    words = ["helm", "-n", platform.namespace, "upgrade", "--install", platform.release]
    process = subprocess.Popen(
        [*words, str(CHART), "-f", "-", "--wait", "--create-namespace"],
        env={**os.environ, **platform.cluster.environ(platform.helm)},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    process.stdin.write(values_of(platform))
    process.stdin.close()
    return process


def is_pending(platform: WorkerPlatform) -> bool:
    words = ["helm", "-n", platform.namespace, "history", platform.release, "-o", "json"]
    environ = {**os.environ, **platform.cluster.environ(platform.helm)}
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
    return done.returncode == 0 and json.loads(done.stdout)[-1]["status"].startswith("pending")


def until(
    condition: Callable[[], Any], seconds: float = 60, process: subprocess.Popen[str] | None = None
) -> Any:
    """Wait for what must happen while `process` runs."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        if process is not None and process.poll() is not None:
            raise AssertionError(f"it ended before that: {process.communicate()}")
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def flowlift_process(platform: WorkerPlatform, *more: str) -> subprocess.Popen[str]:
    """`flowlift worker update` as a process of its own."""
    platform.commit()
    command = [str(Path(sys.executable).parent / "flowlift"), "worker", "update", "dev"]
    outside = {n: v for n, v in os.environ.items() if not n.startswith(("FLOWLIFT_", "CI"))}
    return subprocess.Popen(
        [*command, "--image", platform.image, *more],
        cwd=platform.repository.path,
        env={**outside, **platform.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def helm_of(parent: int) -> int:
    """The helm that a process is running to upgrade a release, 0 where there is none."""
    for folder in Path("/proc").iterdir():
        try:
            status = (folder / "stat").read_text().rpartition(")")[2].split()
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if status[1] == str(parent) and b"upgrade" in words:
            return int(folder.name)
    return 0


def let_lease_run_out(platform: WorkerPlatform) -> None:
    """What a minute does to the lease of a dead holder."""
    for variable in platform.server.request("POST", "/variables/filter", {}):
        if variable["name"].startswith("flowlift_lock_"):
            platform.server.request("DELETE", f"/variables/{variable['id']}")


@pytest.mark.parametrize("helm", [3, 4])
def test_flowlift_and_helm_killed_in_an_install_and_in_an_upgrade(
    worker_platform: Make, helm: int
) -> None:
    platform = worker_platform(helm=helm)
    for status in ("pending-install", "pending-upgrade"):
        platform.image = platform.flow_images.make()
        process = flowlift_process(platform)
        child = until(partial(helm_of, process.pid), process=process)
        until(partial(is_pending, platform), process=process)
        os.kill(child, signal.SIGKILL)
        process.kill()
        process.communicate()
        assert platform.history()[-1]["status"] == status
        let_lease_run_out(platform)
        done = platform.update()
        assert any(f"was left {status}" in line for line in platform.lines)
        assert platform.history()[-1]["status"] == "deployed"
        assert platform.pool_image() == platform.image
        assert done.heartbeat
        assert not platform.update().changed


def test_helm_alone_is_killed(installed: WorkerPlatform) -> None:
    pod, kept = pod_of(installed), installed.image
    installed.image = installed.flow_images.make()
    process = flowlift_process(installed)
    child = until(lambda: helm_of(process.pid))
    until(lambda: is_pending(installed))
    os.kill(child, signal.SIGKILL)
    _, said = process.communicate()
    assert process.returncode == 1
    assert "rolled back to revision" in said
    installed.image = kept
    assert installed.pool_image() == kept
    assert installed.update().pod
    assert pod


def test_the_helm_of_somebody_else_is_waited_for(
    worker_platform: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = worker_platform()
    platform.update()
    platform.image = platform.flow_images.make()
    process = helm_by_hand(platform)
    until(lambda: is_pending(platform))
    done = platform.update()
    process.wait()
    assert process.returncode == 0
    assert "another helm is at work; waiting" in "\n".join(platform.lines)
    assert done.heartbeat
    # One that died is given up after helm's own time.
    monkeypatch.setattr(rollout, "ABANDONED", 3.0)
    platform.image = platform.flow_images.make()
    process = helm_by_hand(platform)
    until(lambda: is_pending(platform))
    process.kill()
    process.wait()
    assert platform.update().heartbeat
    assert "was left pending-upgrade" in "\n".join(platform.lines)


def test_flowlift_is_killed_between_helm_and_the_proof(installed: WorkerPlatform) -> None:
    installed.image = installed.flow_images.make()
    process = flowlift_process(installed)
    child = until(lambda: helm_of(process.pid))
    until(lambda: not Path(f"/proc/{child}").exists(), 120)
    process.kill()
    process.communicate()
    let_lease_run_out(installed)
    revisions = len(installed.history())
    done = installed.update()
    assert done.worker
    assert len(installed.history()) == revisions
    assert installed.pool_image() == installed.image
    assert not installed.update().changed


def test_an_interrupted_update_ends_helm_in_good_order(installed: WorkerPlatform) -> None:
    kept, installed.image = installed.image, installed.flow_images.make()
    process = flowlift_process(installed)
    until(lambda: helm_of(process.pid))
    until(lambda: is_pending(installed))
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert installed.history()[-1]["status"] == "failed"
    installed.image = kept
    assert installed.update().heartbeat
    assert installed.pool_image() == kept


def test_two_updates_at_once(installed: WorkerPlatform) -> None:
    installed.image = installed.flow_images.make()
    revisions = installed.history()[-1]["revision"]
    first, second = flowlift_process(installed), flowlift_process(installed)
    with ThreadPoolExecutor() as pool:
        ends = list(pool.map(lambda process: process.communicate()[1], (first, second)))
    assert (first.returncode, second.returncode) == (0, 0), ends
    assert sum("is being updated by" in said for said in ends) == 1
    assert installed.history()[-1]["revision"] == revisions + 1


def test_a_slow_api_server(installed: WorkerPlatform, tmp_path: Path) -> None:
    document = yaml.safe_load(installed.cluster.kubeconfig.read_text())
    far = urlsplit(document["clusters"][0]["cluster"]["server"])
    assert far.hostname
    assert far.port
    with SlowLine(far.hostname, far.port, seconds=0.15) as line:
        address = f"https://127.0.0.1:{line.port}"
        config = other_server(
            installed, tmp_path, {"server": address, "tls-server-name": far.hostname}
        )
        kept, installed.environ["KUBECONFIG"] = installed.environ["KUBECONFIG"], str(config)
        installed.image = installed.flow_images.make()
        done = installed.update()
        installed.environ["KUBECONFIG"] = kept
    assert done.heartbeat
    assert not installed.update().changed
