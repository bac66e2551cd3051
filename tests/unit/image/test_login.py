"""Logging in: where credentials come from, and that Docker gets them without a file or argument."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path

import pytest

from flowlift.errors import InputError, LoginError
from flowlift.image.login import (
    Credentials,
    docker_environment,
    key_of,
    logins,
    read_login,
    registry_of,
)

SECRET = "pass:w0rd \" ' $(x) é"


def docker_config(folder: Path, document: object) -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(document), encoding="utf-8")
    return {"DOCKER_CONFIG": str(folder), "PATH": os.environ["PATH"]}


def helper(folder: Path, name: str, script: str) -> str:
    program = folder / f"docker-credential-{name}"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_variables_win_over_dockers_configuration(tmp_path: Path) -> None:
    auth = base64.b64encode(b"file:secret").decode()
    environ = docker_config(tmp_path / "docker", {"auths": {"ghcr.io": {"auth": auth}}})
    environ |= {"FLOWLIFT_IMAGE_USER": "ci", "FLOWLIFT_IMAGE_PASSWORD": SECRET}
    found = logins(environ, "ghcr.io", "ghcr.io").of("ghcr.io")
    assert found == Credentials("ci", SECRET, "FLOWLIFT_IMAGE_USER and FLOWLIFT_IMAGE_PASSWORD")
    assert SECRET not in repr(found)


def test_the_release_registry_may_have_a_login_of_its_own() -> None:
    environ = {
        "FLOWLIFT_IMAGE_USER": "a",
        "FLOWLIFT_IMAGE_PASSWORD": "1",
        "FLOWLIFT_IMAGE_RELEASE_USER": "b",
        "FLOWLIFT_IMAGE_RELEASE_PASSWORD": "2",
    }
    found = logins(environ, "dev.io", "prod.io")
    assert [found.given[host].user for host in ("dev.io", "prod.io")] == ["a", "b"]


def test_half_a_login_is_refused() -> None:
    with pytest.raises(InputError, match="FLOWLIFT_IMAGE_PASSWORD is not set"):
        logins({"FLOWLIFT_IMAGE_USER": "ci"}, "ghcr.io", "ghcr.io")


def test_dockers_configuration_is_read(tmp_path: Path) -> None:
    auth = base64.b64encode(b"asha:a:b").decode()
    environ = docker_config(
        tmp_path / "docker",
        {
            "auths": {
                "localhost:5001": {"auth": auth},
                "https://index.docker.io/v1/": {"auth": auth},
            }
        },
    )
    known = logins(environ, "a.io", "a.io")
    for registry in ("localhost:5001", "docker.io"):
        found = known.of(registry)
        assert found is not None
        assert (found.user, found.secret) == ("asha", "a:b")
    assert known.of("ghcr.io") is None


def test_without_any_configuration_there_is_no_login(tmp_path: Path) -> None:
    assert logins({"HOME": str(tmp_path)}, "a.io", "a.io").of("a.io") is None


def test_a_credential_helper_is_asked_on_its_standard_input(tmp_path: Path) -> None:
    environ = docker_config(tmp_path / "docker", {"credHelpers": {"a.io": "mine"}})
    answer = '{"ServerURL": "a.io", "Username": "u", "Secret": "s"}'
    environ["PATH"] = helper(tmp_path, "mine", f"read host; [ $host = a.io ] && echo '{answer}'")
    found = logins(environ, "a.io", "a.io").of("a.io")
    assert found is not None
    assert (found.user, found.secret) == ("u", "s")


def test_a_helper_that_knows_nothing_is_no_mistake(tmp_path: Path) -> None:
    environ = docker_config(tmp_path / "docker", {"credsStore": "mine"})
    script = "echo 'credentials not found in native keychain'; exit 1"
    environ["PATH"] = helper(tmp_path, "mine", script)
    assert logins(environ, "a.io", "a.io").of("a.io") is None


@pytest.mark.parametrize(
    ("script", "says"),
    [("echo locked; exit 1", "failed: locked"), ("echo hello", "did not answer as")],
)
def test_a_helper_that_fails_is_named(tmp_path: Path, script: str, says: str) -> None:
    environ = docker_config(tmp_path / "docker", {"credsStore": "mine"})
    environ["PATH"] = helper(tmp_path, "mine", script)
    with pytest.raises(LoginError, match=f"docker-credential-mine {says}"):
        logins(environ, "a.io", "a.io").of("a.io")


def test_a_helper_that_is_missing_is_named(tmp_path: Path) -> None:
    environ = docker_config(tmp_path / "docker", {"credsStore": "nobody-has-this"})
    with pytest.raises(LoginError, match="docker-credential-nobody-has-this, which is not here"):
        logins(environ, "a.io", "a.io").of("a.io")


def test_an_identity_token_is_said_to_be_unsupported(tmp_path: Path) -> None:
    environ = docker_config(
        tmp_path / "docker", {"auths": {"a.io": {"auth": "eA==", "identitytoken": "t"}}}
    )
    with pytest.raises(LoginError, match="identity token"):
        logins(environ, "a.io", "a.io").of("a.io")


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_broken_configuration_is_named_or_empty(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "docker"
    folder.mkdir()
    (folder / "config.json").write_text(text, encoding="utf-8")
    known = logins({"DOCKER_CONFIG": str(folder)}, "a.io", "a.io")
    if text == "[]":
        assert known.of("a.io") is None
    else:
        with pytest.raises(InputError, match="it is not JSON"):
            known.of("a.io")


def test_docker_gets_the_login_from_a_helper_and_from_no_file(tmp_path: Path) -> None:
    """Docker's own part, asking a helper on its standard input, is played by this test."""
    auth = base64.b64encode(b"other:login").decode()
    environ = docker_config(
        tmp_path / "docker", {"auths": {"b.io": {"auth": auth}}, "credsStore": "desktop"}
    )
    (tmp_path / "docker" / "contexts").mkdir()
    environ |= {"FLOWLIFT_IMAGE_USER": "ci", "FLOWLIFT_IMAGE_PASSWORD": SECRET}
    before = sorted(tmp_path.rglob("*"))
    with docker_environment(logins(environ, "a.io", "a.io")) as given:
        folder = Path(given["DOCKER_CONFIG"])
        assert folder != tmp_path / "docker"
        document = json.loads((folder / "config.json").read_text("utf-8"))
        assert document["auths"] == {"b.io": {"auth": auth}}
        assert document["credsStore"] == "desktop"
        assert document["credHelpers"] == {"a.io": "flowlift"}
        assert (folder / "contexts").is_dir()
        assert given["BUILDX_CONFIG"] == str(tmp_path / "docker" / "buildx")
        assert not any(name.startswith("FLOWLIFT_") for name in given)
        words = [str(folder / "docker-credential-flowlift"), "get"]
        done = subprocess.run(
            words, env=given, input="a.io", capture_output=True, text=True, check=True
        )
        answer = json.loads(done.stdout)
        assert (answer["Username"], answer["Secret"]) == ("ci", SECRET)
        asked = subprocess.run(
            words, env=given, input="b.io", capture_output=True, text=True, check=False
        )
        assert asked.returncode == 1
        assert "credentials not found" in asked.stderr
        for file in folder.iterdir():
            assert file.is_dir() or SECRET not in file.read_text("utf-8")
    assert not folder.exists()
    assert sorted(tmp_path.rglob("*")) == before


def test_without_variables_docker_keeps_its_own_configuration(tmp_path: Path) -> None:
    environ = docker_config(tmp_path / "docker", {}) | {"FLOWLIFT_DEV_API_KEY": "x"}
    with docker_environment(logins(environ, "a.io", "a.io")) as given:
        assert given["DOCKER_CONFIG"] == str(tmp_path / "docker")
        assert "FLOWLIFT_DEV_API_KEY" not in given


def test_docker_gets_flowlifts_variables_only_where_a_build_names_them(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "FLOWLIFT_DEV_API_KEY": "k", "FLOWLIFT_INDEX": "i"}
    known = logins(environ, "ghcr.io", "ghcr.io")
    with docker_environment(known, ["FLOWLIFT_INDEX"]) as given:
        assert given == {"HOME": str(tmp_path), "FLOWLIFT_INDEX": "i"}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# A pull secret was read by a decoder of its own, which said of each what stands behind it.
@pytest.mark.parametrize(
    ("entry", "login"),
    [
        ({"auth": encoded("asha:a:b")}, ("asha", "a:b")),
        ({"username": "asha", "password": "s"}, ("asha", "s")),
        ({"username": "asha", "password": "s", "auth": encoded("ben:t")}, ("ben", "t")),
        ({"auth": encoded("asha:s\0\0")}, ("asha", "s")),  # that the zeros are of the password
        ({"auth": encoded("asha:s").rstrip("=")}, ("asha", "s")),  # that all of it is broken
        ({"auth": f" {encoded('asha:s')}\n"}, ("asha", "s")),
        ({"username": None, "auth": None}, ("", "")),
        ({}, ("", "")),  # that it is the login of a user without a name
    ],
)
def test_a_login_is_read_as_docker_and_a_kubelet_read_it(
    entry: dict[str, str], login: tuple[str, str]
) -> None:
    assert read_login(entry) == login


@pytest.mark.parametrize("auth", ["a", encoded("x")[:1] + "\xe9", "/w==", 5])
def test_a_broken_login_is_named_with_its_file(tmp_path: Path, auth: object) -> None:
    environ = docker_config(tmp_path / "docker", {"auths": {"a.io": {"auth": auth}}})
    with pytest.raises(InputError, match=r"The login to a\.io .* is broken") as error:
        logins(environ, "a.io", "a.io").of("a.io")
    assert error.value.at
    assert error.value.at.file.endswith("config.json")


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        ("ghcr.io", "ghcr.io"),
        ("https://ghcr.io/v2/", "ghcr.io"),
        ("localhost:5000", "localhost:5000"),
        (key_of("docker.io"), "docker.io"),
        ("registry-1.docker.io", "docker.io"),
        ("index.docker.io", "docker.io"),
    ],
)
def test_a_login_is_filed_under_its_registry_or_an_address_there(key: str, registry: str) -> None:
    assert registry_of(key) == registry
