"""What goes wrong between here and a registry: logins, a registry that stops, a full disk."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.given import MissingPartError, missing
from tests.parts.images import PLATFORMS, ImagePlatform, Images, OwnRegistry, RegistryView
from tests.parts.repositories import GitRepository

pytestmark = pytest.mark.real

PR = ("--pr", "12", "--run", "34")
SECRET = "not-the-password-of-anybody"
BIG = 24
"""Megabytes of a layer that cannot be compressed: its push takes a while."""


@pytest.fixture
def private(images: Images, git_repository: GitRepository) -> ImagePlatform:
    """An image in the registry that wants a login."""
    platform = ImagePlatform(git_repository, images)
    name = platform.name.partition("/")[2]
    platform.settings["name"] = f"{images.login_registry}/{name}"
    platform.begin()
    return platform


@pytest.fixture
def own_registry(tmp_path: Path) -> Iterator[OwnRegistry]:
    """A registry that may be stopped."""
    try:
        registry = OwnRegistry(tmp_path / "registry")
    except MissingPartError as reason:
        missing(str(reason))
    registry.start()
    yield registry
    registry.stop()


def by_variables(images: Images) -> dict[str, str]:
    return {"FLOWLIFT_IMAGE_USER": images.user, "FLOWLIFT_IMAGE_PASSWORD": images.password}


# The Dockerfile ----------------------------------------------------------------------------


def test_a_file_that_is_not_in_the_context_is_named_with_its_line(
    image_platform: ImagePlatform,
) -> None:
    image_platform.settings["platforms"] = ["linux/amd64"]
    image_platform.dockerfile += "COPY conf/nobody /conf\n"
    image_platform.commit()
    done = image_platform.flowlift("build", *PR)
    assert done.code == 1
    said = 'etc/docker/Dockerfile:4: The build failed: "/conf/nobody" is not in the build context'
    assert said in done.err
    assert ".dockerignore" in done.err


# Logins ------------------------------------------------------------------------------------


def test_variables_log_in_and_leave_nothing_behind(
    private: ImagePlatform, images: Images, tmp_path: Path
) -> None:
    """Docker is the real one; a small program before it notes what it is called with."""
    home, programs, folder = (tmp_path / name for name in ("home", "programs", "temporary"))
    for made in (home, programs, folder):
        made.mkdir()
    noted = tmp_path / "noted"
    real = shutil.which("docker")
    (programs / "docker").write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" >>{noted}\nexec {real} "$@"\n', encoding="utf-8"
    )
    (programs / "docker").chmod(0o755)
    environ = {
        **by_variables(images),
        "HOME": str(home),
        "TMPDIR": str(folder),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
    }
    built = private.json("build", *PR, environ=environ)
    there = RegistryView(private.name, (images.user, images.password))
    assert there.platforms(built["digest"]) == PLATFORMS
    assert not [file for file in home.rglob("*") if file.is_file()]
    assert not list(folder.iterdir())
    words = noted.read_text("utf-8")
    assert "build" in words
    login = base64.b64encode(f"{images.user}:{images.password}".encode()).decode()
    assert login not in words
    assert not {images.user, images.password} & set(re.split(r"[\s=,:]+", words))
    assert not private.json("build", *PR, environ=environ)["built"]


def test_dockers_own_login_is_used(private: ImagePlatform, images: Images, tmp_path: Path) -> None:
    login = base64.b64encode(f"{images.user}:{images.password}".encode()).decode()
    document = {"auths": {images.login_registry: {"auth": login}}}
    (tmp_path / "config.json").write_text(json.dumps(document), encoding="utf-8")
    private.environ = {"DOCKER_CONFIG": str(tmp_path)}
    assert private.json("build", *PR)["built"]
    assert not private.json("build", *PR)["built"]


def test_dockers_credential_helper_is_used(
    private: ImagePlatform, images: Images, tmp_path: Path
) -> None:
    answer = json.dumps({"Username": images.user, "Secret": images.password})
    helper = tmp_path / "docker-credential-test"
    helper.write_text(f"#!/bin/sh\ncat >/dev/null\necho '{answer}'\n", encoding="utf-8")
    helper.chmod(0o755)
    document = {"credHelpers": {images.login_registry: "test"}}
    (tmp_path / "config.json").write_text(json.dumps(document), encoding="utf-8")
    private.environ = {
        "DOCKER_CONFIG": str(tmp_path),
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
    }
    assert private.json("build", *PR)["built"]


@pytest.mark.parametrize(
    "command",
    [("build", *PR), ("promote", "--branch", "main"), ("check",), ("verify",)],
)
def test_wrong_credentials_are_said_and_never_shown(
    private: ImagePlatform, command: tuple[str, ...]
) -> None:
    private.bump("1.1.0")
    environ = {"FLOWLIFT_IMAGE_USER": "asha", "FLOWLIFT_IMAGE_PASSWORD": SECRET}
    if command == ("verify",):
        manifest = "deployments: [{name: a, entrypoint: 'a.py:a', work_pool: {name: p}}]\n"
        private.commit("manifest", {"prefect.yaml": manifest, "a.py": ""})
    done = private.flowlift(*command, environ=environ)
    assert done.code == 1
    assert "refuses the login of 'asha'" in done.err
    assert "FLOWLIFT_IMAGE_USER" in done.err
    assert SECRET not in done.out + done.err


def test_no_credentials_at_all_are_asked_for(private: ImagePlatform, tmp_path: Path) -> None:
    done = private.flowlift("build", *PR, environ={"DOCKER_CONFIG": str(tmp_path)})
    assert done.code == 1
    assert "wants a login" in done.err
    assert "docker login" in done.err


@pytest.mark.parametrize(
    ("password", "says", "remedy"),
    [
        ("", "wants a login", "or set FLOWLIFT_IMAGE_RELEASE_USER and FLOWLIFT_IMAGE_RELEASE_PASS"),
        (SECRET, "refuses the login of 'asha'", "Check FLOWLIFT_IMAGE_RELEASE_USER and"),
    ],
)
def test_the_released_images_registry_is_named_with_its_own_variables(
    image_platform: ImagePlatform, tmp_path: Path, password: str, says: str, remedy: str
) -> None:
    images = image_platform.images
    image_platform.settings["release-name"] = f"{images.login_registry}/acme/prod"
    image_platform.commit("release name")
    user = "asha" if password else ""
    environ = {
        "DOCKER_CONFIG": str(tmp_path),
        "FLOWLIFT_IMAGE_RELEASE_USER": user,
        "FLOWLIFT_IMAGE_RELEASE_PASSWORD": password,
    }
    done = image_platform.flowlift("promote", environ=environ)
    assert done.code == 1
    assert f"{images.login_registry} {says}" in done.err
    assert remedy in done.err
    assert SECRET not in done.out + done.err


# A registry that stops -----------------------------------------------------------------------


def big(platform: ImagePlatform) -> None:
    """Let the image have a layer whose push takes a while."""
    platform.dockerfile += f"RUN head -c {BIG}M /dev/urandom >/big\n"
    platform.settings["platforms"] = ["linux/amd64"]
    platform.settings["inputs"] = ["pyproject.toml"]


def stop_in_the_middle(registry: OwnRegistry, done: threading.Event) -> None:
    while not registry.is_uploading() and not done.is_set():
        time.sleep(0.002)
    registry.stop()


def test_a_registry_that_stops_in_a_push_is_tried_again(
    images: Images, git_repository: GitRepository, own_registry: OwnRegistry
) -> None:
    platform = ImagePlatform(git_repository, images)
    platform.settings["name"] = f"{own_registry.host}/acme/flows"
    big(platform)
    platform.begin()
    finished = threading.Event()

    def trouble() -> None:
        stop_in_the_middle(own_registry, finished)
        time.sleep(0.5)
        own_registry.start()

    thread = threading.Thread(target=trouble)
    thread.start()
    try:
        done = platform.flowlift("build", *PR)
    finally:
        finished.set()
        thread.join()
    assert done.code == 0, done.err
    assert "The push broke off" in done.err
    assert platform.registry.platforms("1.0.0-pr-12-run-34") == ["linux/amd64"]
    platform.registry.config("1.0.0-pr-12-run-34")


def test_a_registry_that_stays_away_has_no_half_of_an_image(
    images: Images,
    git_repository: GitRepository,
    own_registry: OwnRegistry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flowlift.image.engine.PUSH_PAUSES", (0.2,))
    platform = ImagePlatform(git_repository, images)
    platform.settings["name"] = f"{own_registry.host}/acme/flows"
    big(platform)
    platform.begin()
    finished = threading.Event()
    thread = threading.Thread(target=stop_in_the_middle, args=(own_registry, finished))
    thread.start()
    try:
        done = platform.flowlift("build", *PR)
    finally:
        finished.set()
        thread.join()
    assert done.code == 1
    assert "The build failed" in done.err
    assert f"Check the registry {own_registry.host}" in done.err
    own_registry.start()
    assert platform.registry.tags() == []
    assert platform.json("build", *PR)["built"]
    assert platform.registry.platforms("1.0.0-pr-12-run-34") == ["linux/amd64"]


def test_a_promotion_to_a_registry_that_stops_is_never_half_a_release(
    images: Images,
    git_repository: GitRepository,
    own_registry: OwnRegistry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    platform = ImagePlatform(git_repository, images)
    big(platform)
    platform.settings["release-name"] = f"{own_registry.host}/acme/prod"
    platform.begin()
    built = platform.json("build", *PR)
    finished = threading.Event()
    thread = threading.Thread(target=stop_in_the_middle, args=(own_registry, finished))
    thread.start()
    monkeypatch.setattr("flowlift.image.engine.PUSH_PAUSES", (0.2,))
    try:
        done = platform.flowlift("promote")
    finally:
        finished.set()
        thread.join()
    assert done.code == 1, done.out
    own_registry.start()
    released = RegistryView(str(platform.settings["release-name"]))
    assert released.tags() == []
    again = platform.json("promote")
    assert (again["how"], again["digest"]) == ("promoted", built["digest"])
    assert released.content("1.0.0") == platform.registry.content(built["digest"])


def test_a_promotion_to_a_registry_that_comes_back_is_tried_again(
    images: Images, git_repository: GitRepository, own_registry: OwnRegistry
) -> None:
    platform = ImagePlatform(git_repository, images)
    big(platform)
    platform.settings["release-name"] = f"{own_registry.host}/acme/prod"
    platform.begin()
    built = platform.json("build", *PR)
    finished = threading.Event()

    def trouble() -> None:
        stop_in_the_middle(own_registry, finished)
        time.sleep(0.5)
        own_registry.start()

    thread = threading.Thread(target=trouble)
    thread.start()
    try:
        done = platform.flowlift("promote")
    finally:
        finished.set()
        thread.join()
    assert done.code == 0, done.err
    assert "The copy broke off" in done.err
    released = RegistryView(str(platform.settings["release-name"]))
    assert released.content("1.0.0") == platform.registry.content(built["digest"])


def test_a_registry_that_is_not_there_is_named(image_platform: ImagePlatform) -> None:
    image_platform.settings["name"] = "localhost:9/acme/flows"
    image_platform.commit()
    begun = time.monotonic()
    done = image_platform.flowlift("build", *PR)
    assert done.code == 1
    assert "localhost:9 cannot be reached to read inputs-" in done.err
    assert "Connection refused" in done.err
    assert time.monotonic() - begun < 20


# A full disk ---------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for 8 MB: a file system in memory, where this user may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=8m", "flowlift-test", str(folder)]
    if subprocess.run(words, capture_output=True, check=False).returncode != 0:
        missing("A small disk cannot be mounted: that is for root.")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=False)


def test_a_full_disk_of_the_registry_is_said(
    images: Images, git_repository: GitRepository, small_disk: Path, tmp_path: Path
) -> None:
    try:
        registry = OwnRegistry(tmp_path / "registry", small_disk)
    except MissingPartError as reason:
        missing(str(reason))
    registry.start()
    try:
        platform = ImagePlatform(git_repository, images)
        platform.settings["name"] = f"{registry.host}/acme/flows"
        big(platform)
        platform.begin()
        done = platform.flowlift("build", *PR)
        assert platform.registry.tags() == []
    finally:
        registry.stop()
    assert done.code == 1
    assert "The build failed" in done.err
    assert f"Check the registry {registry.host}: it may be stopped, or its disk full" in done.err


def test_a_full_disk_of_the_build_is_said(image_platform: ImagePlatform) -> None:
    image_platform.settings["platforms"] = ["linux/amd64"]
    image_platform.dockerfile += (
        "RUN --mount=type=tmpfs,target=/small,size=1048576 head -c 4M /dev/zero >/small/x\n"
    )
    image_platform.commit()
    done = image_platform.flowlift("build", *PR)
    assert done.code == 1
    assert "No space left on device" in done.err
    assert "etc/docker/Dockerfile:4" in done.err
    assert "disk is full" in done.err
