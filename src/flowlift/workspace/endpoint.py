"""Where an environment's Prefect API is, and what it is addressed with.

In this order: `FLOWLIFT_<NAME>_API_URL`, the environment's `profile` in Prefect's own profiles
file, and, where there is one environment only, `PREFECT_API_URL`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import tomli

from flowlift.config import Settings, own_variable
from flowlift.errors import EndpointError

_CLOUD_API = re.compile(r"(?P<base>/.*)?/accounts/(?P<account>[^/]+)/workspaces/(?P<id>[^/]+)\Z")
_CLOUD_PAGE = re.compile(r"/account/(?P<account>[^/]+)/workspace/(?P<id>[^/]+)(?:/.*)?\Z")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The API of one environment's workspace.

    `key` goes as a bearer token, `auth_string` (`user:password`) as basic auth. `ca_file` is a
    certificate authority to trust besides the public ones. `source` says where the address comes
    from, for messages. Secrets never show in the repr.
    """

    environment: str
    url: str
    key: str | None = field(default=None, repr=False)
    auth_string: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    ui_url: str = ""
    source: str = ""

    @property
    def variable_prefix(self) -> str:
        """`FLOWLIFT_DEV_API`: what the environment's own variables begin with."""
        return own_variable(self.environment, "API")

    @property
    def is_cloud(self) -> bool:
        """Whether this is a workspace of Prefect Cloud, by the shape of its address."""
        return bool(_CLOUD_API.search(urlsplit(self.url).path))

    def flow_run_url(self, flow_run_id: str) -> str:
        """The flow run's page in Prefect's UI."""
        return f"{self.ui_url}/runs/flow-run/{quote(flow_run_id)}"


@dataclass(frozen=True, slots=True)
class _Given:
    """An address and its secrets as some source gives them, not yet looked at."""

    url: str
    source: str
    values: Mapping[str, str]

    def get(self, name: str) -> str | None:
        return self.values.get(name, "").strip() or None


def resolve(
    environment: str,
    settings: Settings,
    environ: Mapping[str, str],
    home: Path | None = None,
) -> Endpoint:
    """The endpoint of `environment`; `home` is the user's home folder (by default the real one).

    A key or login in `FLOWLIFT_<NAME>_API_KEY` or `_API_AUTH_STRING` also completes a profile, so
    that an address may be in a file while the secret comes from CI.

    Raises:
        ConfigError: no such environment.
        EndpointError: no address is known, or the one that is cannot be one.
    """
    policy = settings.environment(environment)
    prefix = own_variable(environment, "API")
    only = len(settings.env) == 1
    given = _own(prefix, environ)
    if given is None and policy.profile:
        given = _profile(policy.profile, environment, environ, home or Path.home())
    if given is None and only:
        given = _prefects(environ)
    if given is None:
        raise _nothing_set(environment, prefix, environ, only=only)
    url, login = _address(given)
    own = partial(_value, environ, prefix)
    return Endpoint(
        environment=environment,
        url=url,
        key=own("KEY") or given.get("PREFECT_API_KEY"),
        auth_string=own("AUTH_STRING") or given.get("PREFECT_API_AUTH_STRING") or login,
        ca_file=_ca_file(given, environ),
        ui_url=_ui(url, given, environ, prefix, only=only),
        source=given.source,
    )


def _value(environ: Mapping[str, str], prefix: str, name: str) -> str | None:
    """CI systems give a secret that is not set as an empty variable, so empty means none."""
    return environ.get(f"{prefix}_{name}", "").strip() or None


def _own(prefix: str, environ: Mapping[str, str]) -> _Given | None:
    url = _value(environ, prefix, "URL")
    return _Given(url, f"{prefix}_URL", {}) if url else None


def _prefects(environ: Mapping[str, str]) -> _Given | None:
    url = environ.get("PREFECT_API_URL", "").strip()
    return _Given(url, "PREFECT_API_URL", environ) if url else None


def _nothing_set(
    environment: str, prefix: str, environ: Mapping[str, str], *, only: bool
) -> EndpointError:
    empty = f"{prefix}_URL" in environ
    ways = [
        f"Set {prefix}_URL (and {prefix}_KEY or {prefix}_AUTH_STRING where the API wants one)",
        f'give [tool.flowlift.env.{environment}] a `profile = "..."` of Prefect\'s profiles',
    ]
    if only:
        ways.append("or set PREFECT_API_URL")
    elif environ.get("PREFECT_API_URL", "").strip():
        ways.append(
            "PREFECT_API_URL is set, but with several environments it could mean any of them"
        )
    return EndpointError(
        f"No address is known for the Prefect API of {environment!r}"
        + (f": {prefix}_URL is set, but empty." if empty else "."),
        remedy="; ".join(ways) + ".",
    )


# Prefect's profiles ----------------------------------------------------------------------


def _profile(name: str, environment: str, environ: Mapping[str, str], home: Path) -> _Given:
    file = _profiles_file(environ, home)
    variable = own_variable(environment, "API_URL")
    try:
        document = tomli.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise EndpointError(
            f"{environment!r} has the profile {name!r}, but there is no profiles file {file}.",
            remedy=f"Make it: prefect profile create {name}; or set {variable}.",
        ) from None
    except (tomli.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise EndpointError(
            f"The profiles file {file} cannot be read: {error}",
            remedy=f"Mend it, or set {variable}.",
        ) from None
    profiles = document.get("profiles", {})
    values = profiles.get(name)
    if values is None:
        raise EndpointError(
            f"The profiles file {file} has no profile {name!r}.",
            remedy=f"It has: {', '.join(sorted(profiles)) or 'none'}."
            f" Make it: prefect profile create {name}",
        )
    strings = {key: str(value) for key, value in values.items()}
    url = strings.get("PREFECT_API_URL", "").strip()
    if not url:
        raise EndpointError(
            f"The profile {name!r} in {file} has no PREFECT_API_URL.",
            remedy=f"prefect profile use {name} && prefect config set PREFECT_API_URL=...",
        )
    return _Given(url, f"profile {name!r} of {file}", strings)


def _profiles_file(environ: Mapping[str, str], home: Path) -> Path:
    """Where Prefect itself looks for profiles (its setting `profiles_path`)."""

    def path(text: str) -> Path:
        return home / text[2:] if text.startswith("~/") else Path(text)

    if given := environ.get("PREFECT_PROFILES_PATH"):
        return path(given.replace("$PREFECT_HOME", environ.get("PREFECT_HOME", "~/.prefect")))
    if given := environ.get("PREFECT_HOME"):
        return path(given) / "profiles.toml"
    return home / ".prefect" / "profiles.toml"


# The address -----------------------------------------------------------------------------


def _address(given: _Given) -> tuple[str, str | None]:
    """The API's address without a trailing slash, and the login that stood in it.

    Raises:
        EndpointError: it is no address of an API.
    """
    parts = urlsplit(given.url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        # Not shown: what was pasted into the wrong variable may be a secret.
        raise EndpointError(
            f"What {given.source} gives is no http or https address.",
            remedy="It looks like https://prefect.example.com/api.",
        )
    if page := _CLOUD_PAGE.match(parts.path):
        raise EndpointError(
            f"What {given.source} gives is the address of a page, not of the API.",
            remedy="The API of that workspace: https://api.prefect.cloud/api/accounts/"
            f"{page['account']}/workspaces/{page['id']}",
        )
    # A server's API stands under /api unless it was told otherwise, and there is none at the root.
    path = parts.path.rstrip("/") or "/api"
    login = None
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, path, "", "")), login


def _ui(url: str, given: _Given, environ: Mapping[str, str], prefix: str, *, only: bool) -> str:
    told = environ.get(f"{prefix.removesuffix('_API')}_UI_URL") or given.get("PREFECT_UI_URL")
    if not told and only:
        told = environ.get("PREFECT_UI_URL")
    if told:
        return told.rstrip("/")
    parts = urlsplit(url)
    if cloud := _CLOUD_API.search(parts.path):
        host = re.sub(r"\Aapi\.", "app.", parts.netloc)
        path = f"/account/{cloud['account']}/workspace/{cloud['id']}"
        return urlunsplit((parts.scheme, host, path, "", ""))
    return url.removesuffix("/api")


def _ca_file(given: _Given, environ: Mapping[str, str]) -> str | None:
    """The private authority's certificate, by Prefect's own setting or OpenSSL's variable."""
    names = ("PREFECT_API_SSL_CERT_FILE", "SSL_CERT_FILE")
    file = given.get(names[0]) or next((environ[name] for name in names if environ.get(name)), None)
    if file and not Path(file).is_file():
        raise EndpointError(
            f"There is no file {file}, which should hold the certificates to trust.",
            remedy="Correct SSL_CERT_FILE (or PREFECT_API_SSL_CERT_FILE).",
        )
    return file
