"""Updating a worker on a real cluster: the straight line, what is kept, what is repaired."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.parts.cluster import WorkerPlatform
from tests.parts.platform import flowlift

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("cluster")]

Make = Callable[..., WorkerPlatform]


@pytest.fixture(scope="module")
def installed(worker_platform: Make) -> WorkerPlatform:
    """A platform whose worker runs. Each test leaves it so."""
    platform = worker_platform()
    platform.update()
    return platform


@pytest.mark.parametrize("helm", [3, 4])
def test_installs_updates_and_then_has_nothing_to_do(worker_platform: Make, helm: int) -> None:
    platform = worker_platform(helm=helm)
    first = platform.update()
    assert first.changed
    assert first.worker == f"worker-{platform.key}"
    assert first.heartbeat
    assert {part.kind for part in first.parts if part.differs} == {
        "namespace",
        "secret",
        "release",
        "pool",
    }
    platform.image = platform.flow_images.make()
    second = platform.update()
    assert (second.revision, second.pod != first.pod) == (2, True)
    assert platform.pool_image() == platform.image
    file = platform.repository.path / "values-dev.yaml"
    assert "DEFAULT_FLOW_IMAGE" in file.read_text(encoding="utf-8")
    again = platform.update()
    assert not again.changed
    assert again.revision == 2
    assert len(platform.history()) == 2
    assert again.seconds < 2


def test_a_helm_3_release_is_taken_on_by_helm_4(worker_platform: Make) -> None:
    platform = worker_platform(helm=3)
    platform.update()
    platform.environ |= platform.cluster.environ(4)
    assert not platform.update().changed
    platform.image = platform.flow_images.make()
    assert platform.update().revision == 2


def test_the_canary_runs_in_exactly_the_image(installed: WorkerPlatform) -> None:
    name = f"hello-{installed.key}"
    deployment = installed.deploy(name, "canary")
    installed.canary = f"{name}/canary"
    installed.image = installed.flow_images.make()
    done = installed.update()
    installed.canary = ""
    assert done.canary
    assert done.canary.image.endswith(installed.image.partition("@")[2])
    pods = installed.get("pods", "-l", f"prefect.io/flow-run-id={done.canary.run}")["items"]
    statuses = pods[0]["status"]["containerStatuses"]
    assert statuses[0]["imageID"].endswith(installed.image.partition("@")[2])
    run = installed.server.request("GET", f"/flow_runs/{done.canary.run}")
    assert (run["state_type"], run["deployment_id"]) == ("COMPLETED", deployment)


def test_a_canary_with_an_image_of_its_own_is_found_out(installed: WorkerPlatform) -> None:
    name = f"own-{installed.key}"
    own = installed.flow_images.make()
    installed.deploy(name, "canary", job_variables={"image": own})
    installed.canary = f"{name}/canary"
    installed.image = installed.flow_images.make()
    said = installed.fails()
    installed.canary = ""
    assert own in said
    assert "The deployment has an image of its own" in said


def changed_by_hand(platform: WorkerPlatform) -> dict[str, Any]:
    """Change the pool's template as somebody does in the UI."""
    template: dict[str, Any] = copy.deepcopy(platform.live_pool()["base_job_template"])
    template["variables"]["properties"]["name"]["default"] = "by-hand"
    body = {"base_job_template": template}
    platform.server.request("PATCH", f"/work_pools/{platform.pool}", body)
    return template


def test_a_template_changed_by_hand_is_set_right_without_a_revision(
    installed: WorkerPlatform,
) -> None:
    revisions = len(installed.history())
    changed_by_hand(installed)
    done = installed.update()
    assert [part.kind for part in done.parts if part.differs] == ["pool"]
    fields = [change.field for part in done.parts for change in part.fields]
    assert fields == ["base_job_template.variables.properties.name.default"]
    properties = installed.live_pool()["base_job_template"]["variables"]["properties"]
    assert properties["name"]["default"] == "flow"
    assert len(installed.history()) == revisions


def test_an_image_changed_by_hand_is_no_wish_for_that_image(installed: WorkerPlatform) -> None:
    template = installed.live_pool()["base_job_template"]
    template["variables"]["properties"]["image"]["default"] = installed.flow_images.make()
    body = {"base_job_template": template}
    installed.server.request("PATCH", f"/work_pools/{installed.pool}", body)
    done = installed.update(name_image=False)
    assert [part.kind for part in done.parts if part.differs] == ["pool"]
    assert installed.pool_image() == installed.image
    assert not installed.update(name_image=False).changed


def test_a_template_changed_by_hand_is_kept_where_policy_says_so(
    installed: WorkerPlatform,
) -> None:
    template = changed_by_hand(installed)
    installed.on_drift = "keep"
    done = installed.update()
    assert not done.changed
    assert "changed by hand, and is kept" in done.notes[0]
    assert installed.live_pool()["base_job_template"] == template
    # Another change of the worker, which syncs the pool, does not lose it either.
    installed.more = {"podAnnotations": {"changed": "yes"}}
    assert installed.update().changed
    assert installed.live_pool()["base_job_template"] == template
    installed.on_drift, installed.more = "undo", {}
    assert installed.update().changed


def test_a_pool_that_was_deleted_is_made_again(installed: WorkerPlatform) -> None:
    revisions = len(installed.history())
    installed.server.request("DELETE", f"/work_pools/{installed.pool}")
    done = installed.update(name_image=False)
    assert installed.pool_image() == installed.image
    assert len(installed.history()) == revisions
    assert not installed.update().changed
    # The worker itself makes it again, too, perhaps first: then nothing was left to do.
    assert not done.changed or "have lost it" in done.notes[0]


def test_a_corrected_key_restarts_the_worker(installed: WorkerPlatform) -> None:
    revisions = len(installed.history())
    key = installed.environ["WORKER_KEY"]
    installed.environ["WORKER_KEY"] = "admin:another-password"
    said = installed.fails()
    assert "The worker cannot reach Prefect, or is refused" in said
    assert "401" in said
    assert "another-password" not in said
    assert "raise " not in said  # the reason, without Python's report around it
    # Helm says deployed, the pod runs, and Prefect still calls the one before it online.
    words = ["worker", "status", "dev", "-C", str(installed.repository.path)]
    told = flowlift(words, installed.environ)
    assert (told.code, "deployed, revision" in told.out) == (1, True)
    assert f"worker-{installed.key}  online" in told.out
    assert "No worker has been heard of since" in told.out
    pod = installed.pods()[0]["metadata"]["name"]
    installed.environ["WORKER_KEY"] = key
    done = installed.update()
    assert done.pod != pod
    assert any("prefect-key changed" in line for line in installed.lines)
    assert len(installed.history()) == revisions
    assert not installed.update().changed


def test_a_secret_of_somebody_else_is_told_and_not_overwritten(worker_platform: Make) -> None:
    platform = worker_platform()
    platform.cluster.run("kubectl", "create", "namespace", platform.namespace)
    platform.kubectl("create", "secret", "generic", "prefect-key", "--from-literal=auth-string=x")
    said = platform.fails()
    assert "was not made by flowlift, and differs" in said
    assert "kubectl -n" in said
    assert not platform.pods()
    label = "app.kubernetes.io/managed-by=flowlift"
    platform.kubectl("label", "secret", "prefect-key", label)
    assert platform.update().changed


def test_no_secret_is_in_arguments_or_annotations(installed: WorkerPlatform) -> None:
    secret = installed.get("secret", "prefect-key")
    assert "annotations" not in secret["metadata"]
    labels = secret["metadata"]["labels"]
    assert labels["app.kubernetes.io/managed-by"] == "flowlift"
    assert installed.environ["WORKER_KEY"] not in "\n".join(installed.lines)


def test_a_secret_without_its_variable_is_kept(installed: WorkerPlatform) -> None:
    key = installed.environ.pop("WORKER_KEY")
    done = installed.update()
    installed.environ["WORKER_KEY"] = key
    assert not done.changed
    assert "kept: WORKER_KEY is not set" in done.notes[0]
