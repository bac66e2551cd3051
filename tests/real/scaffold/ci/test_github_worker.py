"""The worker's workflow as `flowlift ci write github` writes it, run by a real forge's events.

In a real cluster, with a worker each for DEV and PROD. The forge's runner stands for the machines
of both environments: it has Helm, kubectl and a login to the cluster.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.parts.cluster import Cluster, WorkerPlatform
from tests.parts.forge import ForgeServer, create_forge_repository
from tests.parts.forge_jobs import ForgeJobs, Run, ci_settings, offer_setup_uv, required

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("cluster")]

WORKFLOW = "flowlift-worker.yml"
RUNNERS = 'runners = { dev = "ubuntu-latest", prod = "ubuntu-latest" }\n'


def test_values_reach_dev_with_the_pull_request_and_prod_with_the_merge(
    worker_platform: Callable[..., WorkerPlatform],
    cluster: Cluster,
    forge_server: ForgeServer,
    wheel: Path,
) -> None:
    dev, prod = worker_platform(ref="branch"), worker_platform()
    dev.prod = prod
    for platform in (dev, prod):
        image_of(platform)["default"] = platform.image
    forge = create_forge_repository(forge_server, dev.repository)
    try:
        dev.repository = forge.git
        dev.image_config = f"[ci]\n{ci_settings(required(wheel))}{RUNNERS}"
        jobs = ForgeJobs(forge, offer_setup_uv(forge_server, cluster.environ()))
        given = dict(dev.environ)
        variables = {name: given[name] for name in given if name.endswith("_API_URL")}
        names = ("REG_USER", "REG_PASSWORD", "WORKER_KEY", "_API_AUTH_STRING")
        secrets = {name: given[name] for name in given if name.endswith(names)}
        jobs.give(variables, secrets)
        forge.git.write({"prefect.yaml": "deployments: []\n"})
        dev.commit("Describe the workers")
        jobs.write_workflows()
        dev.commit("Write the workflows")
        forge.git.push()
        begun = only(jobs.settled(2))
        assert begun.conclusion == "success", begun.log
        assert (described(dev), described(prod)) == ("", "")

        forge.git.switch("feat/describe")
        for platform in (dev, prod):
            image_of(platform)["description"] = "The flows' image."
        dev.commit("Describe the image")
        forge.git.push()
        number = forge.pull_request("feat/describe")
        proposed = only(jobs.settled())
        assert proposed.conclusion == "success", proposed.log
        assert proposed.ran == ["dev: the worker and its pool"]
        assert (described(dev), described(prod)) == ("The flows' image.", "")
        assert f"work pool `{dev.pool}`: updated" in forge.comment(number)

        forge.merge(number)
        merged = only(jobs.settled())
        assert merged.conclusion == "success", merged.log
        assert merged.ran == ["dev: the worker and its pool", "prod: the worker and its pool"]
        first, second = (
            merged.logs[f"{name}: the worker and its pool"] for name in ("dev", "prod")
        )
        assert first[:27] < second[:27]  # each begins with the time
        assert (described(dev), described(prod)) == ("The flows' image.", "The flows' image.")
        for run in (begun, proposed, merged):
            assert not [name for name in secrets if secrets[name] in run.log]
    finally:
        forge.delete()


def only(runs: list[Run]) -> Run:
    """The run of the worker's workflow."""
    (found,) = (run for run in runs if run.workflow == WORKFLOW)
    return found


def image_of(platform: WorkerPlatform) -> dict[str, Any]:
    """What the platform's template says of the image."""
    found: dict[str, Any] = platform.template["variables"]["properties"]["image"]
    return found


def described(platform: WorkerPlatform) -> str:
    """What the live pool says of its variable `image`."""
    template = platform.live_pool()["base_job_template"]
    return str(template["variables"]["properties"]["image"].get("description", ""))
