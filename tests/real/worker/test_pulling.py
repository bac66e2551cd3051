"""What a node could pull, asked of real registries: an open one and one with a login."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from flowlift.errors import Position
from flowlift.worker.model import DesiredPool, DesiredWorker
from flowlift.worker.pulling import check_images, images_of
from tests.parts.given import MissingPartError, given, missing
from tests.parts.servers import free_port
from tests.parts.workspaces import new_prefix

pytestmark = pytest.mark.real

PART = "images"
TYPES = "application/vnd.oci.image."


@dataclass(frozen=True)
class Registry:
    """A registry with an image for linux/amd64 in it."""

    host: str
    login: tuple[str, str] | None
    name: str

    def push(self, content: bytes, kind: str) -> str:
        """Put a blob there, or a manifest; its digest."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        base = f"http://{self.host}/v2/{self.name}"
        with httpx.Client(auth=self.login, trust_env=False) as client:
            if kind != "blob":
                client.put(
                    f"{base}/manifests/{digest}", content=content, headers={"Content-Type": kind}
                ).raise_for_status()
                return digest
            begun = client.post(f"{base}/blobs/uploads/").raise_for_status()
            place = httpx.URL(begun.headers["location"]).copy_merge_params({"digest": digest})
            place = httpx.URL(f"http://{self.host}").join(place)
            client.put(place, content=content).raise_for_status()
        return digest

    def push_image(self, architecture: str = "amd64", **more: str) -> str:
        """An image with nothing in it, as `NAME@sha256:...`."""
        said = {"os": "linux", "architecture": architecture, "rootfs": {}, **more}
        config = json.dumps(said).encode()
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{TYPES}manifest.v1+json",
            "config": {
                "mediaType": f"{TYPES}config.v1+json",
                "digest": self.push(config, "blob"),
                "size": len(config),
            },
            "layers": [],
        }
        digest = self.push(json.dumps(manifest).encode(), f"{TYPES}manifest.v1+json")
        return f"{self.host}/{self.name}@{digest}"


@pytest.fixture
def private() -> Registry:
    try:
        user, _, password = given("FLOWLIFT_TEST_REGISTRY_LOGIN", PART).partition(":")
        return Registry(given("FLOWLIFT_TEST_REGISTRY_AUTH", PART), (user, password), new_prefix())
    except MissingPartError as reason:
        missing(str(reason))


@pytest.fixture
def public() -> Registry:
    try:
        return Registry(given("FLOWLIFT_TEST_REGISTRY", PART), None, new_prefix())
    except MissingPartError as reason:
        missing(str(reason))


def pull_secret(registry: str, user: str, password: str) -> dict[str, Any]:
    auth = base64.b64encode(f"{user}:{password}".encode()).decode()
    document = json.dumps({"auths": {registry: {"auth": auth}}}).encode()
    return {
        "metadata": {"name": "reg-creds"},
        "data": {".dockerconfigjson": base64.b64encode(document).decode()},
    }


def found(
    image: str, secrets: dict[str, Any], *platforms: str, worker: str = ""
) -> list[tuple[str, str]]:
    named = tuple(secrets)
    repository, _, tag = worker.partition("|")
    values = {"worker": {"image": {"repository": repository, "prefectTag": tag}}} if worker else {}
    desired = DesiredWorker(
        environment="dev",
        release="w",
        chart="c",
        repository=None,
        version=None,
        namespace="n",
        values=values,
        values_file="v.yaml",
        root=".",
        pool=DesiredPool("p", None, image),
        pull_secrets=named,
        job_pull_secrets=named,
    )
    images = images_of(
        desired,
        flows_at=Position("v.yaml", 7),
        worker_at=Position("v.yaml", 2),
        placeholder="DEFAULT_FLOW_IMAGE",
    )
    told = check_images(images, secrets, platforms, ())
    assert all(item.file == "v.yaml" and item.remedy for item in told)
    assert all(("worker.image" in item.remedy) == (item.line == 2) for item in told)
    assert all(item.line == (2 if "the worker would" in item.message else 7) for item in told)
    return [(item.check, item.message) for item in told]


def test_an_image_that_is_there_for_the_node_passes(public: Registry, private: Registry) -> None:
    assert found(public.push_image(), {}, "linux/amd64") == []
    user, password = private.login or ("", "")
    secret = pull_secret(private.host, user, password)
    assert found(private.push_image(), {"reg-creds": secret}, "linux/amd64") == []


def test_a_digest_that_is_not_there_is_told(public: Registry) -> None:
    public.push_image()
    told = found(f"{public.host}/{public.name}@sha256:{'0' * 64}", {})
    assert told[0][0] == "image-missing"
    assert "the flow runs would pull" in told[0][1]


@pytest.mark.parametrize(
    ("image", "platform"),
    [
        ({"architecture": "arm64"}, "linux/arm64"),
        ({"architecture": "arm", "variant": "v7"}, "linux/arm/v7"),
    ],
)
def test_another_platform_is_told(public: Registry, image: dict[str, str], platform: str) -> None:
    told = found(public.push_image(**image), {}, "linux/amd64")
    assert told[0][0] == "image-missing"
    assert f"is for {platform}, and a node is linux/amd64" in told[0][1]


def test_a_wrong_password_in_the_pull_secret_is_told_and_not_shown(private: Registry) -> None:
    secret = pull_secret(private.host, "test", "hunter2hunter2")
    told = found(private.push_image(), {"reg-creds": secret})
    assert told[0][0] == "image-login"
    assert "with the pull secret 'reg-creds'" in told[0][1]
    assert "hunter2" not in str(told)


def test_a_pull_secret_for_another_registry_is_none(private: Registry) -> None:
    user, password = private.login or ("", "")
    told = found(private.push_image(), {"reg-creds": pull_secret("ghcr.io", user, password)})
    assert told[0][0] == "image-login"
    assert "wants a login" in told[0][1]


def test_the_worker_s_own_image_is_looked_at_too(public: Registry) -> None:
    image = public.push_image()
    name, _, digest = image.partition("@")
    assert found(image, {}, worker=f"{name}|1.0@{digest}") == []
    told = found(image, {}, worker=f"{name}|1.0")
    assert told[0][0] == "image-missing"
    assert "the worker would pull" in told[0][1]


def test_a_placeholder_that_is_left_over_is_asked_for_nowhere() -> None:
    assert found("DEFAULT_FLOW_IMAGE", {}) == []


def test_a_registry_that_does_not_answer_is_a_doubt() -> None:
    told = found(f"localhost:{free_port()}/a/b@sha256:{'0' * 64}", {})
    assert told[0][0] == "image-unchecked"
