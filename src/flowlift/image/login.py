"""Logging in to registries: by Docker's own configuration and credential helpers, or by variables.

Variables win: `FLOWLIFT_IMAGE_USER` and `FLOWLIFT_IMAGE_PASSWORD` for the registry of `name`,
`FLOWLIFT_IMAGE_RELEASE_USER` and `_PASSWORD` for the one of `release-name`. Docker gets them from a
credential helper in a folder of this run: it prints what stands in the environment, so that the
secret is in no file, no argument and no home folder.

Source: the protocol of github.com/docker/docker-credential-helpers.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowlift.errors import InputError, LoginError, Position
from flowlift.image.reference import HUB

_HUB_KEY = "https://index.docker.io/v1/"
_OF_HUB = frozenset({HUB, "registry-1.docker.io", "index.docker.io"})
_REFUSED = re.compile(
    r"\b40[13]\b|denied|unauthorized|forbidden|no basic auth|credential", re.IGNORECASE
)
_HELPER = "flowlift"
_HELPER_TIMEOUT = 30.0
_PASSED_ON = "_FLOWLIFT_LOGIN_"

_PROGRAM = """#!{python} -IS
import json, os, sys
host = sys.stdin.read().strip()
found = os.environ.get({passed_on!r} + host.encode().hex())
if sys.argv[1:] != ["get"] or found is None:
    sys.exit("credentials not found in native keychain")
user, _, secret = found.partition(":")
print(json.dumps({{"ServerURL": host, "Username": user, "Secret": secret}}))
"""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and a password or token. `source` says where they are from, for messages."""

    user: str
    secret: str = field(repr=False)
    source: str = ""


@dataclass(frozen=True, slots=True)
class Logins:
    """How this run logs in: what variables give, by registry, and Docker's configuration."""

    given: Mapping[str, Credentials]
    folder: Path
    environ: Mapping[str, str] = field(repr=False)
    variables: Mapping[str, str] = field(default_factory=dict)
    """The variables that give the login of each registry, where any do."""

    def of(self, registry: str) -> Credentials | None:
        """The login for a registry, None where none is known.

        Raises:
            LoginError: a credential helper fails.
            InputError: Docker's configuration cannot be read.
        """
        if registry in self.given:
            return self.given[registry]
        return _configured(self.folder, registry, self.environ)


def logins(environ: Mapping[str, str], registry: str, release_registry: str) -> Logins:
    """The logins that this process's surroundings give.

    Raises:
        InputError: of a user and a password only one is set.
    """
    given, variables = {}, {}
    for host, prefix in (
        (release_registry, "FLOWLIFT_IMAGE_RELEASE"),
        (registry, "FLOWLIFT_IMAGE"),
    ):
        variables[host] = f"{prefix}_USER and {prefix}_PASSWORD"
        user, secret = (environ.get(f"{prefix}_{name}", "") for name in ("USER", "PASSWORD"))
        if bool(user) != bool(secret):
            missing = f"{prefix}_{'PASSWORD' if user else 'USER'}"
            raise InputError(
                f"{missing} is not set, so nobody can log in to {host}.",
                remedy=f"Set {variables[host]} both, or neither.",
            )
        if user:
            given[host] = Credentials(user, secret, variables[host])
    return Logins(given, docker_folder(environ), environ, variables)


def docker_folder(environ: Mapping[str, str]) -> Path:
    """Where Docker's own configuration is."""
    folder = environ.get("DOCKER_CONFIG")
    home = Path(environ.get("HOME") or Path.home())
    return Path(folder) if folder else home / ".docker"


@contextmanager
def docker_environment(logins: Logins, kept: Collection[str] = ()) -> Iterator[dict[str, str]]:
    """The environment in which Docker's programs know the logins.

    Without logins from variables it is the one that we have. Else Docker's configuration is that
    of the user plus a credential helper for these registries, in a folder that is removed. Of
    flowlift's own variables only those in `kept` stay: the secrets of a build may be called so.
    """
    environ = dict(logins.environ)
    for name in list(environ):
        if name.startswith("FLOWLIFT_") and name not in kept:
            del environ[name]  # a build needs none of our own secrets
    if not logins.given:
        yield environ
        return
    with tempfile.TemporaryDirectory(prefix="flowlift-docker-") as name:
        folder = Path(name)
        _write_configuration(logins, folder)
        for host, login in logins.given.items():
            environ[_PASSED_ON + key_of(host).encode().hex()] = f"{login.user}:{login.secret}"
        environ["DOCKER_CONFIG"] = name
        environ.setdefault("BUILDX_CONFIG", str(logins.folder / "buildx"))
        environ["PATH"] = f"{name}{os.pathsep}{environ.get('PATH', os.defpath)}"
        yield environ


def _write_configuration(logins: Logins, folder: Path) -> None:
    document = _document(logins.folder)
    helpers = document.setdefault("credHelpers", {})
    for host in logins.given:
        helpers[key_of(host)] = _HELPER
    (folder / "config.json").write_text(json.dumps(document), encoding="utf-8")
    for part in ("contexts", "cli-plugins"):
        if (logins.folder / part).is_dir():
            (folder / part).symlink_to((logins.folder / part).resolve())
    program = folder / f"docker-credential-{_HELPER}"
    program.write_text(
        _PROGRAM.format(python=sys.executable, passed_on=_PASSED_ON), encoding="utf-8"
    )
    program.chmod(0o700)


def _configured(folder: Path, registry: str, environ: Mapping[str, str]) -> Credentials | None:
    document = _document(folder)
    key = key_of(registry)
    helper = (document.get("credHelpers") or {}).get(key, document.get("credsStore"))
    if helper:
        found = _ask(helper, key, environ)
        if found is not None:
            return found
    auths = document.get("auths") or {}
    names = {key, registry, f"https://{registry}", f"https://{registry}/v2/"}
    entry = next((auths[name] for name in (key, *sorted(names)) if auths.get(name)), None)
    if entry is None:
        return None
    return _of_entry(entry, registry, folder / "config.json")


def _of_entry(entry: Mapping[str, Any], registry: str, file: Path) -> Credentials | None:
    if entry.get("identitytoken"):
        raise LoginError(
            f"The login to {registry} in {file} is an identity token, which is not supported.",
            remedy="Log in with a user and a password or access token, or set"
            " FLOWLIFT_IMAGE_USER and FLOWLIFT_IMAGE_PASSWORD.",
        )
    try:
        user, secret = read_login(entry)
    except ValueError:
        raise InputError(
            f"The login to {registry} in Docker's configuration is broken.",
            remedy=f"docker login {registry}",
            at=Position(str(file)),
        ) from None
    return Credentials(user, secret, str(file)) if user else None


def read_login(entry: Mapping[str, Any]) -> tuple[str, str]:
    """The user and the secret of a login as Docker's configuration and a pull secret hold it; both
    are "" where it has none.

    As for Docker and a kubelet `auth` wins, and what fills it up to a length is no part of it.

    Raises:
        ValueError: `auth` cannot be read.
    """
    user, secret, auth = (str(entry.get(key) or "") for key in ("username", "password", "auth"))
    if auth := auth.strip():
        padded = auth + "=" * (-len(auth) % 4)
        user, _, secret = base64.b64decode(padded).decode("utf-8").partition(":")
    return user, secret.rstrip("\0")


def _ask(helper: str, key: str, environ: Mapping[str, str]) -> Credentials | None:
    """What a credential helper knows; None where it knows nothing of this registry."""
    program = f"docker-credential-{helper}"
    try:
        done = subprocess.run(
            [program, "get"],
            input=key,
            env=dict(environ),
            capture_output=True,
            text=True,
            timeout=_HELPER_TIMEOUT,
            check=False,
        )
    except FileNotFoundError:
        raise LoginError(
            f"Docker's configuration names the credential helper {program}, which is not here.",
            remedy="Install it, or take it out of Docker's config.json.",
        ) from None
    except subprocess.TimeoutExpired:
        raise LoginError(
            f"{program} did not answer within {_HELPER_TIMEOUT:.0f} s.",
            remedy="It may be waiting for a person. Log in where nobody is asked.",
        ) from None
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()
        if "not found" in said:
            return None
        raise LoginError(
            f"{program} failed: {said.splitlines()[-1] if said else 'it says nothing'}",
            remedy=f"Try it: echo {key} | {program} get",
        )
    try:
        answer = json.loads(done.stdout)
        user, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError):
        raise LoginError(
            f"{program} did not answer as a credential helper does.", remedy="Update it."
        ) from None
    return Credentials(user, secret, program)


def _document(folder: Path) -> dict[str, Any]:
    file = folder / "config.json"
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not JSON"
        raise InputError(
            f"Docker's configuration cannot be read: {reason}.",
            remedy="Mend it, or name another folder with DOCKER_CONFIG.",
            at=Position(str(file)),
        ) from None
    return document if isinstance(document, dict) else {}


def refuses_login(said: str) -> bool:
    """Whether a registry's words, or those of a program that asked it, mean the login."""
    return bool(_REFUSED.search(said))


def key_of(registry: str) -> str:
    """What Docker files the login to a registry under."""
    return _HUB_KEY if registry == HUB else registry


def registry_of(key: str) -> str:
    """The registry whose login is filed under `key`, which may be an address, or another name of
    Docker's own registry.
    """
    host = key.rpartition("://")[2].partition("/")[0]
    return HUB if host in _OF_HUB else host
