"""A chart behind a login, fetched beforehand.

Helm takes the login to a repository as an argument, or from a file that holds it in clear. So it
gets the chart as a file instead: from a repository by HTTP, from a registry by `helm pull`, which
asks a credential helper that has the login in its environment alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import yaml

from flowlift.errors import HelmError
from flowlift.image.login import (
    Credentials,
    Logins,
    docker_environment,
    docker_folder,
    refuses_login,
    registry_of,
)
from flowlift.network import is_this_machine
from flowlift.worker.cluster import program
from flowlift.worker.model import DesiredWorker

TIMEOUT = httpx.Timeout(30.0, connect=10.0)

_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PULL_TIMEOUT = 120.0


async def fetch_chart(desired: DesiredWorker, environ: Mapping[str, str]) -> Path:
    """The chart of `desired`, which names the variables of a login, as a file on this machine.

    It is fetched anew each time; the file is kept where Helm would keep its own.

    Raises:
        HelmError: a variable is not set, the login is refused, or there is no such chart.
    """
    login = _login(desired, environ)
    folder = _folder(desired, environ)
    name = desired.chart.rstrip("/").rpartition("/")[2]
    file = folder / f"{name}-{desired.version}.tgz"
    with tempfile.TemporaryDirectory(dir=folder) as fresh:
        if desired.chart.startswith("oci://"):
            found = await _pull(desired, login, environ, Path(fresh))
        else:
            found = await asyncio.to_thread(_download, desired, login, Path(fresh))
        found.replace(file)
    return file


def _login(desired: DesiredWorker, environ: Mapping[str, str]) -> Credentials:
    variables = desired.chart_login or ()
    unset = [variable for variable in variables if not environ.get(variable, "").strip()]
    if unset:
        raise HelmError(
            f"The chart {desired.chart} is behind a login, and {' and '.join(unset)} is not set.",
            remedy="Give the login of [tool.flowlift.worker] in these variables: in CI from its"
            " secrets, never from a file.",
        )
    user, secret = (environ[variable].strip() for variable in variables)
    return Credentials(user, secret, " and ".join(variables))


def _folder(desired: DesiredWorker, environ: Mapping[str, str]) -> Path:
    """Where the chart is kept: charts of one name from several places do not mix."""
    home = Path(environ.get("HOME") or Path.home())
    cache = Path(environ.get("XDG_CACHE_HOME") or home / ".cache")
    place = hashlib.sha256(f"{desired.repository or ''} {desired.chart}".encode()).hexdigest()
    folder = cache / "flowlift" / "charts" / place[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise HelmError(
            f"The chart cannot be kept in {folder}: {error.strerror}.",
            remedy="Name another folder with XDG_CACHE_HOME.",
        ) from None
    return folder


async def _pull(
    desired: DesiredWorker, login: Credentials, environ: Mapping[str, str], into: Path
) -> Path:
    """The chart from a registry. What Helm knows of other logins is left aside."""
    host = desired.chart.removeprefix("oci://").partition("/")[0]
    logins = Logins({registry_of(host): login}, docker_folder(environ), environ)
    words = ["helm", "pull", desired.chart, "--version", str(desired.version)]
    words += ["--destination", str(into), *(["--plain-http"] if desired.plain_http else [])]
    with docker_environment(logins) as known:
        known["HELM_REGISTRY_CONFIG"] = str(into / "none.json")
        try:
            done = await program.run(words, known, timeout=_PULL_TIMEOUT)
        except FileNotFoundError:
            raise HelmError(
                "helm is not installed.", remedy="Install it: flowlift worker host ENV."
            ) from None
    found = next(into.glob("*.tgz"), None)
    if found is not None and done is not None and done.code == 0:
        return found
    said = done.said if done else f"no answer within {_PULL_TIMEOUT:.0f} s"
    raise _error(desired, login, host, said)


def _download(desired: DesiredWorker, login: Credentials, into: Path) -> Path:
    """The chart from a repository, by its index."""
    base = f"{(desired.repository or '').rstrip('/')}/"
    if urlsplit(base).scheme != "https" and not is_this_machine(base):
        raise HelmError(
            f"The repository {base} is without TLS, so the login would be sent in clear.",
            remedy="Correct `repository` in [tool.flowlift.worker]: https://...",
        )
    index = _read(desired, login, urljoin(base, "index.yaml"))
    entry = _entry(desired, index)
    url = urljoin(base, str(entry["urls"][0]))
    content = _read(desired, login if _same_origin(url, base) else None, url)
    wanted = str(entry.get("digest") or "").removeprefix("sha256:")
    sha256 = hashlib.sha256(content).hexdigest()
    if wanted and sha256 != wanted:
        raise HelmError(
            f"{url} is not what the repository's index says: it is {sha256}, not {wanted}.",
            remedy="It was changed on the way, or the repository is broken.",
        )
    file = into / "chart.tgz"
    file.write_bytes(content)
    return file


def _entry(desired: DesiredWorker, index: bytes) -> Mapping[str, Any]:
    """What the index says of the chart in the wanted version."""
    try:
        listed = yaml.load(index, Loader=_LOADER)["entries"][desired.chart]  # noqa: S506 - a safe one
        return next(
            entry for entry in listed if str(entry["version"]) == desired.version and entry["urls"]
        )
    except (yaml.YAMLError, KeyError, TypeError, StopIteration):
        raise HelmError(
            f"The repository {desired.repository} has no chart {desired.chart} of version"
            f" {desired.version}.",
            remedy="Correct `chart`, `repository` or `version` in [tool.flowlift.worker].",
        ) from None


def _read(desired: DesiredWorker, login: Credentials | None, url: str) -> bytes:
    auth = httpx.BasicAuth(login.user, login.secret) if login else None
    host = urlsplit(url).netloc
    try:
        answer = httpx.get(url, auth=auth, timeout=TIMEOUT, follow_redirects=True)
    except httpx.TransportError as error:
        raise _error(desired, login, host, str(error) or type(error).__name__) from None
    if not answer.is_success:
        raise _error(desired, login, host, f"{url} answers {answer.status_code}")
    return answer.content


def _same_origin(url: str, base: str) -> bool:
    """Whether `url` is of the repository itself: nobody else gets its login."""
    return urlsplit(url)[:2] == urlsplit(base)[:2]


def _error(desired: DesiredWorker, login: Credentials | None, host: str, said: str) -> HelmError:
    if login and refuses_login(said):
        return HelmError(
            f"{host} refuses the login of {login.user!r} for the chart {desired.chart}: {said}",
            remedy=f"Correct {login.source}.",
        )
    return HelmError(
        f"The chart {desired.chart} cannot be fetched from {host}: {said}",
        remedy="Correct `chart`, `repository` or `version` in [tool.flowlift.worker]; or it cannot"
        " be reached from here.",
    )
