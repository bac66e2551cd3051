"""How a run gets at registries: which one is asked for a base image, and with which login."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from flowlift.errors import ConfigError, RegistryError
from flowlift.image.access import Access
from flowlift.image.engine import Docker
from flowlift.image.reference import Reference, parse
from tests.parts.projects import project_at
from tests.parts.proxy import Answer, Proxy, Request

pytestmark = pytest.mark.usefixtures("no_certificates")

DIGEST = "sha256:" + "1" * 64
PYTHON = parse("python:3.12")


def access(
    image: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> Access:
    table = {"image": {"name": "ghcr.io/acme/flows", **(image or {})}}
    return Access(project_at(Path("/nowhere"), table, {"HOME": "/nowhere", **(environ or {})}))


def test_without_an_image_there_is_nothing_to_get_at() -> None:
    with pytest.raises(ConfigError, match="No image is configured") as caught:
        _ = Access(project_at(Path("/nowhere"), {})).name
    assert "[tool.flowlift.image]" in caught.value.remedy


def test_releases_are_beside_the_images_of_pull_requests_unless_they_have_a_place() -> None:
    assert access().name == access().release_name == Reference("ghcr.io", "acme/flows")
    own = access({"release-name": "prod.io/acme/flows"})
    assert own.release_name == Reference("prod.io", "acme/flows")
    assert own.name == Reference("ghcr.io", "acme/flows")


# What the registry gets ------------------------------------------------------------------


class StandInRegistry:
    """Has one image, `has`, and notes who asks for what; `locked` it wants a login."""

    def __init__(self, has: str, status: int = 200, *, locked: bool = False) -> None:
        self.path, self.status = f"/v2/{has.replace(':', '/manifests/')}", status
        self.locked = locked
        self.asked: list[str] = []
        self.logins: list[str | None] = []

    def __call__(self, request: Request) -> Answer:
        self.asked.append(request.path)
        self.logins.append(request.headers.get("authorization"))
        if self.locked and not self.logins[-1]:
            return Answer(401, {}, headers={"www-authenticate": 'Basic realm="registry"'})
        if request.path != self.path:
            return Answer(404, {})
        return Answer(self.status, {}, headers={"docker-content-digest": DIGEST})


def served(registry: StandInRegistry) -> Proxy:
    return Proxy("http://127.0.0.1:9", answer=registry)


def host_of(proxy: Proxy) -> str:
    return proxy.url.removeprefix("http://")


def test_each_registry_gets_its_own_login() -> None:
    dev, prod = (StandInRegistry("acme/flows:1", locked=True) for _ in range(2))
    with served(dev) as one, served(prod) as other:
        given = access(
            {"name": f"{host_of(one)}/acme/flows", "release-name": f"{host_of(other)}/acme/flows"},
            {
                "FLOWLIFT_IMAGE_USER": "a",
                "FLOWLIFT_IMAGE_PASSWORD": "1",
                "FLOWLIFT_IMAGE_RELEASE_USER": "b",
                "FLOWLIFT_IMAGE_RELEASE_PASSWORD": "2",
            },
        )
        for reference in (given.name, given.release_name):
            with given.repository(reference) as repository:
                assert repository.find("1") == DIGEST
                assert repository.find("2") is None
    logins = [(one.logins[-1] or "").removeprefix("Basic ") for one in (dev, prod)]
    assert [base64.b64decode(login) for login in logins] == [b"a:1", b"b:2"]
    assert dev.asked[0] == "/v2/acme/flows/manifests/1"


# Base images -----------------------------------------------------------------------------


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The mirrors of Docker Hub that the engine has: none, until a test adds one."""
    mirrors: list[str] = []
    monkeypatch.setattr(Docker, "mirrors", lambda self: tuple(mirrors))
    return mirrors


def test_a_base_image_is_asked_of_its_own_registry(engine: list[str]) -> None:
    registry = StandInRegistry("team/base:1")
    with served(registry) as proxy:
        engine.append("127.0.0.1:1")  # it is none of this registry
        base = parse(f"{host_of(proxy)}/team/base:1")
        assert access().resolve(base) == DIGEST
        assert access().resolve(base.tagged("2")) is None
    assert registry.asked[0] == "/v2/team/base/manifests/1"


def test_the_mirror_that_the_configuration_names_is_asked_alone(engine: list[str]) -> None:
    registry = StandInRegistry("hub/library/python:3.12")
    with served(registry) as proxy:
        engine.append("127.0.0.1:1")
        given = access({"mirrors": {"docker.io": f"{host_of(proxy)}/hub"}})
        assert given.resolve(PYTHON) == DIGEST
        assert given.resolve(PYTHON.tagged("nope")) is None
    assert registry.asked[0] == "/v2/hub/library/python/manifests/3.12"


def test_a_mirror_that_the_engine_has_is_asked_for_images_of_docker_hub(
    engine: list[str],
) -> None:
    registry = StandInRegistry("library/python:3.12")
    with served(registry) as proxy:
        engine += ["127.0.0.1:1", host_of(proxy)]  # the first one is down, and passed over
        assert access().resolve(PYTHON) == DIGEST


def test_a_registry_that_cannot_be_asked_is_told(engine: list[str]) -> None:
    with pytest.raises(RegistryError):
        access({"mirrors": {"docker.io": "127.0.0.1:1"}}).resolve(PYTHON)
    with served(StandInRegistry("team/base:1", 403)) as proxy, pytest.raises(RegistryError):
        access().resolve(parse(f"{host_of(proxy)}/team/base:1"))


def test_docker_gets_the_logins_for_as_long_as_it_is_used(tmp_path: Path) -> None:
    login = {"FLOWLIFT_IMAGE_USER": "ci", "FLOWLIFT_IMAGE_PASSWORD": "hunter2-hunter2"}
    with access(environ={"HOME": str(tmp_path), **login}).docker() as docker:
        folder = Path(docker.environ["DOCKER_CONFIG"])
        assert "ghcr.io" in (folder / "config.json").read_text()
        assert "hunter2" not in repr(docker)
    assert not folder.exists()
