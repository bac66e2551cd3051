"""From a changed Dockerfile to the pools of DEV and PROD, on a real cluster."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.parts.cluster import WorkerPlatform
from tests.parts.flow_images import FLOW
from tests.parts.images import RegistryView
from tests.parts.platform import flowlift

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("cluster")]

Make = Callable[..., WorkerPlatform]

DOCKERFILE = """\
FROM {base}
ENV MARK={mark}
COPY flow.py /opt/flows/flow.py
"""
IMAGE = """\
[image]
name = "{name}"
dockerfile = "etc/docker/Dockerfile"
platforms = ["linux/amd64"]
sbom = false
plain-http = ["{registry}"]
"""


class Delivery:
    """A platform with an image and two environments, each with a worker of its own."""

    def __init__(self, dev: WorkerPlatform, prod: WorkerPlatform) -> None:
        self.dev, self.prod = dev, prod
        dev.prod = prod
        images = dev.flow_images.images
        self.name = f"{images.login_registry}/t{dev.key}/flows"
        self.registry = RegistryView(self.name, (images.user, images.password))
        dev.image_config = IMAGE.format(name=self.name, registry=images.login_registry)
        for platform in (dev, prod):
            platform.deploy(f"hello-{platform.key}", "canary")
            platform.canary = f"hello-{platform.key}/canary"

    def write(self, version: str, mark: str) -> None:
        base = self.dev.flow_images.images.prefect
        self.dev.repository.write(
            {
                "etc/docker/Dockerfile": DOCKERFILE.format(base=base, mark=mark),
                "pyproject.toml": f'[project]\nname = "flows"\nversion = "{version}"\n',
                "flow.py": FLOW,
            }
        )
        self.dev.commit(f"Version {version}")
        self.dev.repository.push()

    def run(self, *words: str) -> Any:
        """What a command that must succeed prints with --json."""
        environ = {**self.dev.flow_images.images.environ, **self.dev.environ}
        path = str(self.dev.repository.path)
        done = flowlift([*words[:2], "-C", path, *words[2:], "--json"], environ)
        assert done.code == 0, done.err
        return json.loads(done.out)

    def runs_of(self, platform: WorkerPlatform, run: str) -> tuple[str, str]:
        """The image id of a run's pod, and the kind of what owns the pod."""
        pods = platform.get("pods", "-l", f"prefect.io/flow-run-id={run}")["items"]
        status = pods[0]["status"]["containerStatuses"][0]
        return status["imageID"], pods[0]["metadata"]["ownerReferences"][0]["kind"]


def test_a_changed_dockerfile_reaches_dev_and_then_prod_as_the_same_image(
    worker_platform: Make,
) -> None:
    dev, prod = worker_platform(), worker_platform()
    for platform in (dev, prod):
        platform.update()  # both environments run, with an image from before
    delivery = Delivery(dev, prod)
    delivery.write("1.0.0", "one")

    # The pull request: the image is built, DEV's pool names its digest, and a run is in it.
    dev.repository.switch("feat/image")
    delivery.write("1.0.1", "two")
    built = delivery.run("image", "build", "--pr", "7", "--run", "1")
    (done,) = delivery.run("worker", "update", "dev", "--image", built["pinned"])
    assert dev.pool_image() == built["pinned"]
    image, owner = delivery.runs_of(dev, done["canary"]["run"])
    assert (image.endswith(built["digest"]), owner) == (True, "Job")
    assert prod.pool_image() != built["pinned"]

    # The merge: the tested image gets the version, and PROD's pool names the same digest.
    dev.repository.merge("feat/image")
    promoted = delivery.run("image", "promote")
    assert (promoted["how"], promoted["digest"]) == ("promoted", built["digest"])
    assert delivery.registry.digest("1.0.1") == built["digest"]
    (done,) = delivery.run("worker", "update", "dev", "--image", promoted["pinned"])
    assert not done["changed"]
    (done,) = delivery.run("worker", "update", "prod", "--image", promoted["pinned"])
    assert prod.pool_image() == promoted["pinned"]
    image, owner = delivery.runs_of(prod, done["canary"]["run"])
    assert (image.endswith(built["digest"]), owner) == (True, "Job")
    assert "the image is two" in prod.kubectl(
        "logs", "-l", f"prefect.io/flow-run-id={done['canary']['run']}", "--tail=-1"
    )


def test_a_dev_that_fails_stops_the_line_before_prod(worker_platform: Make, tmp_path: Path) -> None:
    dev, prod = worker_platform(), worker_platform()
    dev.prod = prod
    for platform in (dev, prod):
        image = platform.template["variables"]["properties"]["image"]
        image["default"] = platform.image
    before = dev.commit("Describe the workers")
    dev.repository.push()

    def merged(message: str, since: str) -> tuple[int, dict[str, Any], str]:
        """What the merge of the current state comes to, and its commit."""
        after = dev.commit(message)
        dev.repository.push()
        file = tmp_path / "event.json"
        file.write_text(json.dumps({"ref": "refs/heads/main", "before": since, "after": after}))
        event = ["--event", "push", "--event-file", str(file)]
        place = ["-C", str(dev.repository.path)]
        done = flowlift(["deliver", *place, "--only", "worker", *event, "--json"], dev.environ)
        return done.code, json.loads(done.out), after

    for platform in (dev, prod):
        platform.more = {"podAnnotations": {"changed": "yes"}}
    dev.more |= {"command": ["/bin/sh", "-c", "echo no such thing >&2; exit 3"]}
    code, told, after = merged("Break DEV", before)
    assert code == 1
    assert [(step["environment"], step["code"]) for step in told["steps"]] == [("dev", 1)]
    assert [step["environment"] for step in told["not_begun"]] == ["prod"]
    namespaces = dev.cluster.get("namespaces")["items"]
    names = [item["metadata"]["name"] for item in namespaces]
    assert (dev.namespace in names, prod.namespace in names) == (True, False)

    dev.more = prod.more = {"podAnnotations": {"changed": "again"}}
    code, told, after = merged("Mend DEV", after)
    assert code == 0, told
    assert [step["environment"] for step in told["steps"]] == ["dev", "prod"]
    (first,), (second,) = dev.history(), prod.history()
    assert first["updated"] < second["updated"]
