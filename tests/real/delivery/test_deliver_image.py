"""The image in a delivery: built, proven and handed over in a pull request, released by the merge.

On a real engine, a real registry, a real forge and two real servers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.parts.forge import ForgeRepository
from tests.parts.images import ImagePlatform, Images
from tests.parts.platform import Result, flowlift
from tests.parts.workspaces import Workspace
from tests.real.image.test_pools import image_of, make_pool

pytestmark = pytest.mark.real

FLOW = "from prefect import flow\n\n\n@flow(name='{prefix}-one')\ndef one():\n    return 1\n"


class Delivery:
    """A platform with an image and a flow on the forge; its jobs have both workspaces."""

    def __init__(self, platform: ImagePlatform, forge: ForgeRepository, folder: Path) -> None:
        self.platform = platform
        self.forge = forge
        self.folder = folder

    def job(self, environ: dict[str, str], *arguments: str) -> Result:
        """`flowlift deliver`, as a job does it."""
        known = {**self.platform.images.environ, **self.platform.environ, **environ}
        return flowlift(["deliver", "-C", str(self.platform.repository.path), *arguments], known)

    def json(self, environ: dict[str, str], *arguments: str) -> dict[str, Any]:
        done = self.job(environ, "--json", *arguments)
        assert done.code == 0, done.err
        document: dict[str, Any] = json.loads(done.out)
        return document

    def propose(self, version: str, files: dict[str, str] | None = None) -> int:
        """A pull request that changes the image."""
        self.platform.repository.switch("feat/image")
        self.platform.version = version
        self.platform.dockerfile += "RUN true\n"
        self.platform.commit(f"Version {version}", files)
        self.platform.repository.push()
        return self.forge.pull_request("feat/image")

    def pull(self, number: int, action: str = "opened") -> dict[str, str]:
        return self.forge.pull_event(number, action, self.folder)

    def merge(self, number: int) -> dict[str, str]:
        """Merge it, and the environment of the push's job."""
        git = self.forge.git
        before = git.git("rev-parse", "origin/main")
        after = self.forge.merge(number)
        git.git("switch", "--quiet", "main")
        git.git("pull", "--quiet", "--ff-only", self.forge.clone_url, "main")
        return self.push(before, after)

    def push(self, before: str, after: str) -> dict[str, str]:
        ref = "refs/heads/main"
        event = self.forge.event("push", self.folder, ref=ref, before=before, after=after)
        return event | {"GITHUB_REF": ref, "GITHUB_SHA": after}


@pytest.fixture
def delivery(
    images: Images,
    forge_repository: ForgeRepository,
    workspaces: tuple[Workspace, Workspace],
    tmp_path: Path,
) -> Iterator[Delivery]:
    platform = ImagePlatform(forge_repository.git, images)
    platform.dockerfile = f"FROM {images.prefect}\nCOPY pyproject.toml /opt/prefect/own.toml\n"
    for workspace in workspaces:
        pool = make_pool(workspace, "k8s")
    platform.settings |= {
        "platforms": ["linux/amd64"],
        "pools": {"dev": [pool], "prod": [pool]},
    }
    dev, prod = workspaces
    platform.environ = {"FLOWLIFT_DEV_API_URL": dev.url, "FLOWLIFT_PROD_API_URL": prod.url}
    entry = {"name": "one", "entrypoint": "one.py:one", "work_pool": {"name": pool}}
    clone = {"repository": forge_repository.git.remote_url, "branch": "main"}
    manifest = {
        "pull": [{"prefect.deployments.steps.git_clone": clone}],
        "deployments": [entry],
    }
    platform.commit(
        "flows",
        {
            "prefect.yaml": yaml.safe_dump(manifest),
            "one.py": FLOW.format(prefix=dev.prefix),
        },
    )
    platform.repository.push()
    # As a clone of a CI has it.
    platform.repository.git("update-ref", "refs/remotes/origin/main", "HEAD")
    yield Delivery(platform, forge_repository, tmp_path)


def done(document: dict[str, Any]) -> list[str]:
    return [f"{s['workflow']} {s['verb']} {s['environment']}".strip() for s in document["steps"]]


def test_one_job_from_a_pull_request_to_prod(
    delivery: Delivery, workspaces: tuple[Workspace, Workspace]
) -> None:
    dev, prod = workspaces
    pool = dev.name("k8s")
    code = FLOW.format(prefix=dev.prefix) + "# more\n"
    number = delivery.propose("1.1.0", {"one.py": code})
    proposed = delivery.json(delivery.pull(number))
    assert done(proposed) == [
        "image build",
        "worker update dev",
        "deployments apply dev",
        "deployments plan prod",
    ]
    image = proposed["outputs"]["image"]
    assert image_of(dev, pool) == image
    assert image_of(prod, pool) == "prefecthq/prefect:3"
    body = delivery.forge.comment(number)
    assert image in body
    assert body.index("### dev") < body.index("### image")

    pushed = delivery.merge(number)
    merged = delivery.json(pushed)
    assert done(merged) == [
        "image release",
        "worker update dev",
        "worker update prod",
        "deployments apply prod",
        "deployments sync dev",
    ]
    assert merged["outputs"]["digest"] == proposed["outputs"]["digest"]
    assert image_of(dev, pool) == image_of(prod, pool) == merged["outputs"]["image"]
    (release,) = delivery.forge.server.get(f"{delivery.forge.path}/releases")
    assert release["tag_name"] == "v1.1.0"
    assert merged["outputs"]["image"] in release["body"]
    comments = delivery.forge.comments(number)
    assert "release `v1.1.0`: made" in comments[1]["body"]

    again = delivery.json(pushed)
    assert not any(step["written"] for step in again["steps"])
    assert len(delivery.forge.server.get(f"{delivery.forge.path}/releases")) == 1
    assert [c["body"] for c in delivery.forge.comments(number)] == [c["body"] for c in comments]


def test_a_job_each_hands_the_image_on(
    delivery: Delivery, workspaces: tuple[Workspace, Workspace]
) -> None:
    dev, pool = workspaces[0], workspaces[0].name("k8s")
    environ = delivery.pull(delivery.propose("1.1.0"))
    output = delivery.folder / "output"
    delivery.json(environ | {"GITHUB_OUTPUT": str(output)}, "--only", "image")
    assert image_of(dev, pool) == "prefecthq/prefect:3"
    said = dict(line.split("=", 1) for line in output.read_text().splitlines())
    handed = ("--only", "worker", "--env", "dev", "--image", said["image"])
    delivery.json(environ, *handed)
    assert image_of(dev, pool) == said["image"]


def test_a_flow_that_cannot_be_imported_never_reaches_a_pool(
    delivery: Delivery, workspaces: tuple[Workspace, Workspace]
) -> None:
    number = delivery.propose("1.1.0", {"one.py": "import nobody_has_this\n"})
    failed = delivery.job(delivery.pull(number))
    assert failed.code == 1
    assert "nobody_has_this" in failed.err
    assert "Not begun: worker update dev" in failed.err
    assert image_of(workspaces[0], workspaces[0].name("k8s")) == "prefecthq/prefect:3"
    assert "nobody_has_this" in delivery.forge.comment(number)


def test_a_version_that_was_not_raised_stops_the_pull_request(delivery: Delivery) -> None:
    number = delivery.propose("1.0.0")
    refused = delivery.job(delivery.pull(number), "--only", "image")
    assert refused.code == 2
    assert "1.0.1" in refused.err
    assert "pyproject.toml:" in delivery.forge.comment(number)


def test_the_second_of_two_merges_with_one_version_is_refused(delivery: Delivery) -> None:
    number = delivery.propose("1.1.0")
    delivery.json(delivery.pull(number), "--only", "image")
    pushed = delivery.merge(number)
    delivery.json(pushed, "--only", "image")
    first = delivery.platform.registry.digest("1.1.0")
    before = pushed["GITHUB_SHA"]
    delivery.platform.dockerfile += "RUN true\n"
    after = delivery.platform.commit("merged without a look")
    delivery.platform.repository.push()
    refused = delivery.job(delivery.push(before, after), "--only", "image")
    assert refused.code == 2
    assert "1.1.0 is released already: the tag v1.1.0 is at" in refused.err
    assert delivery.platform.registry.digest("1.1.0") == first
