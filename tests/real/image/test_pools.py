"""The image and real workspaces: handed over to pools, pruned where nothing uses it, delivered."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowlift.image.access import Access
from flowlift.project.project import open_project
from tests.parts.given import MissingPartError, missing
from tests.parts.images import ImagePlatform, OwnRegistry
from tests.parts.servers import create_process_pool
from tests.parts.workspaces import Workspace

pytestmark = pytest.mark.real


def make_pool(workspace: Workspace, name: str, image: str = "prefecthq/prefect:3") -> str:
    """A work pool of type kubernetes with Prefect's own base job template, and an image."""
    view = "/collections/views/aggregate-worker-metadata"
    kinds = workspace.server.request("GET", view)["prefect-kubernetes"]
    template = kinds["kubernetes"]["default_base_job_configuration"]
    template["variables"]["properties"]["image"]["default"] = image
    pool = workspace.name(name)
    body = {"name": pool, "type": "kubernetes", "base_job_template": template}
    workspace.server.request("POST", "/work_pools/", body)
    return pool


def pool_of(workspace: Workspace, pool: str) -> dict[str, Any]:
    found: dict[str, Any] = workspace.server.request("GET", f"/work_pools/{pool}")
    return found


def image_of(workspace: Workspace, pool: str) -> str:
    template = pool_of(workspace, pool)["base_job_template"]
    return str(template["variables"]["properties"]["image"]["default"])


@pytest.fixture
def platform(
    image_platform: ImagePlatform, workspaces: tuple[Workspace, Workspace]
) -> Iterator[ImagePlatform]:
    """An image for one platform, with a pool in DEV and one in PROD."""
    dev, prod = workspaces
    pool = make_pool(dev, "k8s")
    make_pool(prod, "k8s")
    image_platform.settings |= {
        "platforms": ["linux/amd64"],
        "pools": {"dev": [pool], "prod": [pool]},
    }
    image_platform.environ = {
        "FLOWLIFT_DEV_API_URL": dev.url,
        "FLOWLIFT_PROD_API_URL": prod.url,
    }
    image_platform.commit("pools")
    image_platform.repository.push()
    yield image_platform


def access(platform: ImagePlatform) -> Access:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLOWLIFT_")}
    known = {**kept, **platform.images.environ, **platform.environ}
    return Access(open_project(platform.repository.path, known))


# Hand-over -----------------------------------------------------------------------------------


def test_a_pool_gets_the_digest_and_nothing_else_changes(
    platform: ImagePlatform, workspaces: tuple[Workspace, Workspace]
) -> None:
    dev, prod = workspaces
    pool = dev.name("k8s")
    before = pool_of(dev, pool)["base_job_template"]
    done = platform.json("build", "--pr", "1", "--run", "1", "--env", "dev")
    assert done["handed"] == [
        {
            "pool": pool,
            "before": "prefecthq/prefect:3",
            "after": done["pinned"],
            "written": True,
        }
    ]
    after = pool_of(dev, pool)["base_job_template"]
    assert image_of(dev, pool) == done["pinned"]
    before["variables"]["properties"]["image"]["default"] = done["pinned"]
    assert after == before
    assert image_of(prod, prod.name("k8s")) == "prefecthq/prefect:3"


def test_a_pool_that_has_the_image_is_not_written(
    platform: ImagePlatform, workspaces: tuple[Workspace, Workspace]
) -> None:
    dev, pool = workspaces[0], workspaces[0].name("k8s")
    platform.json("build", "--pr", "1", "--run", "1", "--env", "dev")
    before = pool_of(dev, pool)
    done = platform.flowlift("build", "--pr", "1", "--run", "2", "--env", "dev")
    assert done.code == 0, done.err
    assert f"Work pool {pool}: has this image already" in done.err
    assert pool_of(dev, pool) == before


@pytest.mark.parametrize(
    ("words", "environ", "says"),
    [
        (("--env", "nope"), {}, "no environment is called 'nope'"),
        (("--env", "dev"), {"FLOWLIFT_DEV_API_URL": ""}, "FLOWLIFT_DEV_API_URL"),
    ],
)
def test_an_environment_that_is_not_known_is_said_before_the_build(
    platform: ImagePlatform, words: tuple[str, ...], environ: dict[str, str], says: str
) -> None:
    for command in (("build", "--pr", "1", "--run", "1"), ("promote",)):
        done = platform.flowlift(*command, *words, environ=environ)
        assert done.code == 2
        assert says in done.err
    assert platform.registry.tags() == []


@pytest.mark.parametrize(
    ("pools", "says"),
    [
        ({}, "No pools of dev are known"),
        ({"dev": ["nobody-has-this-pool"]}, "There is no work pool 'nobody-has-this-pool'"),
    ],
)
def test_a_pool_that_is_not_there_is_named(
    platform: ImagePlatform, pools: dict[str, list[str]], says: str
) -> None:
    platform.settings["pools"] = pools
    platform.commit("pools")
    done = platform.flowlift("build", "--pr", "1", "--run", "1", "--env", "dev")
    assert done.code != 0
    assert says in done.err


def test_a_pool_without_an_image_is_refused(
    platform: ImagePlatform, workspaces: tuple[Workspace, Workspace]
) -> None:
    dev = workspaces[0]
    pool = create_process_pool(dev.server, dev.name("process"))
    platform.settings["pools"] = {"dev": [pool]}
    platform.commit("pools")
    done = platform.flowlift("build", "--pr", "1", "--run", "1", "--env", "dev")
    assert done.code == 1
    assert "no variable `image`" in done.err


# Prune ---------------------------------------------------------------------------------------


def build(platform: ImagePlatform, number: str, line: str) -> dict[str, Any]:
    """An image of an open pull request, whose branch and reference the remote has."""
    repository = platform.repository
    repository.switch("main")
    repository.switch(f"feat/{number}")
    platform.dockerfile = platform.dockerfile.split("RUN")[0] + f"RUN echo {line}\n"
    platform.commit(f"pull request {number}")
    repository.push()
    repository.git("push", "--quiet", "origin", f"HEAD:refs/pull/{number}/head")
    return platform.json("build", "--pr", number, "--run", "1")


def close(platform: ImagePlatform, number: str) -> None:
    platform.repository.git("push", "--quiet", "origin", "--delete", f"feat/{number}")


def test_only_images_of_closed_pull_requests_that_nothing_uses_go(
    platform: ImagePlatform, workspaces: tuple[Workspace, Workspace]
) -> None:
    dev = workspaces[0]
    closed = build(platform, "1", "one")
    opened = build(platform, "2", "two")
    running = build(platform, "3", "three")
    released = build(platform, "4", "four")
    platform.json("promote", "--branch", "main")
    make_pool(dev, "runs", running["pinned"])
    for number in ("1", "3", "4"):
        close(platform, number)
    before = platform.registry.tags()
    seen = platform.json("prune", "--older-than", "0h", "--dry-run")
    assert platform.registry.tags() == before
    done = platform.json("prune", "--older-than", "0h")
    assert done["removed"] == seen["removed"]
    registry = platform.registry
    assert registry.digest(closed["digest"]) is None
    for kept in (opened, running, released):
        assert registry.digest(kept["digest"]) == kept["digest"]
    tags = registry.tags()
    assert "1.0.0-pr-1-run-1" not in tags
    assert "1.0.0-pr-2-run-1" in tags
    assert "1.0.0" in tags
    assert registry.platforms("1.0.0") == ["linux/amd64"]
    assert platform.json("prune", "--older-than", "0h")["removed"] == []


def test_what_deployments_and_releases_elsewhere_have_stays(
    platform: ImagePlatform, workspaces: tuple[Workspace, Workspace]
) -> None:
    """A deployment may name an image itself; releases may be in a repository of their own."""
    prod, registry = workspaces[1], platform.registry
    platform.settings["release-name"] = f"{platform.name}-prod"
    running = build(platform, "1", "one")
    released = build(platform, "2", "two")
    platform.json("promote", "--branch", "main")
    idle = build(platform, "3", "three")
    flow = prod.server.request("POST", "/flows/", {"name": prod.name("pinned")})
    body = {
        "name": "pinned",
        "flow_id": flow["id"],
        "job_variables": {"image": running["pinned"]},
    }
    prod.server.request("POST", "/deployments/", body)
    for number in ("1", "2", "3"):
        close(platform, number)
    done = platform.json("prune", "--older-than", "0h")
    assert list(done["digests"]) == [idle["digest"]]
    assert registry.digest(idle["digest"]) is None
    for kept in (running, released):
        assert registry.platforms(kept["digest"]) == ["linux/amd64"]


def test_young_images_stay(platform: ImagePlatform) -> None:
    build(platform, "1", "one")
    close(platform, "1")
    done = platform.json("prune", "--older-than", "2000w")
    assert done["removed"] == []
    assert "days old" in done["kept"][0]["why"]


def test_what_cannot_be_told_stays_unless_it_is_named(platform: ImagePlatform) -> None:
    platform.json("build", "--pr", "99", "--run", "1")
    done = platform.json("prune", "--older-than", "0h")
    assert done["removed"] == []
    assert done["kept"][0]["why"] == "could not tell whether its pull request is closed"
    named = platform.json("prune", "--older-than", "0h", "--closed", "99")
    assert "1.0.0-pr-99-run-1" in named["removed"]
    assert platform.registry.tags() == []


def test_a_workspace_that_cannot_be_asked_stops_it(platform: ImagePlatform) -> None:
    platform.json("build", "--pr", "99", "--run", "1")
    done = platform.flowlift(
        "prune", "--closed", "99", "--older-than", "0h", environ={"FLOWLIFT_PROD_API_URL": ""}
    )
    assert done.code == 2
    assert "FLOWLIFT_PROD_API_URL" in done.err
    assert "1.0.0-pr-99-run-1" in platform.registry.tags()


def test_a_registry_that_cannot_delete_is_said(platform: ImagePlatform, tmp_path: Path) -> None:
    try:
        registry = OwnRegistry(tmp_path / "registry", delete=False)
    except MissingPartError as reason:
        missing(str(reason))
    registry.start()
    try:
        platform.settings["name"] = f"{registry.host}/acme/flows"
        platform.commit("own registry")
        platform.json("build", "--pr", "99", "--run", "1")
        done = platform.flowlift("prune", "--closed", "99", "--older-than", "0h")
        assert done.code == 1
        assert "cannot delete images by the distribution API" in done.err
        assert "1.0.0-pr-99-run-1" in platform.registry.tags()
    finally:
        registry.stop()
