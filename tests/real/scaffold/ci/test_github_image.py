"""The image's workflow as `flowlift ci write github` writes it, run by a real forge's events.

On a real engine, a real registry and two real servers; pools are handed the image by their API.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.parts.forge import ForgeRepository
from tests.parts.forge_jobs import ForgeJobs, ci_settings, offer_builder, required
from tests.parts.images import ImagePlatform, Images
from tests.parts.workspaces import Workspace
from tests.real.image.test_pools import image_of, make_pool

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("ci-forge")]

FLOW = "from prefect import flow\n\n\n@flow(name='{prefix}-one')\ndef one():\n    return 1\n"
IMAGE = ".github/workflows/flowlift-image.yml"


def test_the_image_is_built_handed_over_released_and_promoted(
    images: Images,
    forge_repository: ForgeRepository,
    workspaces: tuple[Workspace, Workspace],
    setup_uv: dict[str, str],
    wheel: Path,
) -> None:
    forge, (dev, prod) = forge_repository, workspaces
    jobs = ForgeJobs(forge, {**setup_uv, **offer_builder(forge.server, images.environ)})
    platform = ImagePlatform(forge.git, images)
    platform.dockerfile = f"FROM {images.prefect}\nCOPY pyproject.toml /opt/prefect/own.toml\n"
    pool = make_pool(dev, "k8s")
    assert make_pool(prod, "k8s") == pool
    platform.settings |= {
        "platforms": ["linux/amd64"],
        "pools": {"dev": [pool], "prod": [pool]},
    }
    platform.more = f"[tool.flowlift.ci]\n{ci_settings(required(wheel))}"
    entry = {"name": "one", "entrypoint": "one.py:one", "work_pool": {"name": pool}}
    clone = {"repository": forge.git.remote_url, "branch": "main"}
    manifest = {
        "pull": [{"prefect.deployments.steps.git_clone": clone}],
        "deployments": [entry],
    }
    files = {"prefect.yaml": yaml.safe_dump(manifest), "one.py": FLOW.format(prefix=dev.prefix)}
    platform.commit("begin", files)
    jobs.write_workflows()
    jobs.give({"FLOWLIFT_DEV_API_URL": dev.url, "FLOWLIFT_PROD_API_URL": prod.url}, {})
    platform.commit("Write the workflows")
    platform.repository.push()
    jobs.settled(2)  # main as it begins: version 1.0.0 is released

    platform.repository.switch("feat/image")
    platform.version = "1.0.1"
    platform.dockerfile += "RUN true\n"
    platform.commit("Version 1.0.1")
    platform.repository.push()
    number = forge.pull_request("feat/image")
    (proposed,) = (run for run in jobs.settled(2) if run.workflow == IMAGE.rpartition("/")[2])
    assert proposed.conclusion == "success", proposed.log
    assert proposed.ran == ["Build and prove the image", "dev: hand the image to the pool"]
    built = image_of(dev, pool)
    assert built.startswith(f"{platform.name}@sha256:")
    assert image_of(prod, pool) != built

    merged = forge.merge(number)
    runs = [run for run in jobs.settled(2) if run.workflow == IMAGE.rpartition("/")[2]]
    assert [run.conclusion for run in runs] == ["success"], [run.log for run in runs]
    assert image_of(dev, pool) == image_of(prod, pool) == built
    assert platform.registry.digest("1.0.1") == built.partition("@")[2]
    assert [found["tag_name"] for found in forge.server.get(f"{forge.path}/releases")] == [
        "v1.0.1",
        "v1.0.0",
    ]
    refs = forge.git.git("ls-remote", forge.clone_url, "refs/tags/v1.0.1^{}")
    assert refs.startswith(merged)
