"""One repository of a registry, by the distribution API: reads, tags, deletes.

python-dxf speaks the protocol and fetches the tokens. What is added here: retries, errors that say
what to do, and manifests kept byte for byte, as their digest is their name.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

import requests
from dxf import DXF, DXFBase
from dxf.exceptions import DXFAuthInsecureError, DXFUnauthorizedError
from requests.adapters import HTTPAdapter

from flowlift.errors import (
    AbsentError,
    LoginError,
    MovedTagError,
    RegistryError,
    UnsupportedByRegistryError,
)
from flowlift.image.login import Credentials
from flowlift.image.reference import HUB, Reference
from flowlift.network import is_this_machine, retry_after

T = TypeVar("T")

TIMEOUT = 30.0
"""Seconds until a registry must have answered one request."""

HURRIED = 8.0
"""The same for a question whose answer is good to have, but not needed."""

PAUSES = (0.5, 2.0, 5.0)
"""Seconds to wait before a request is sent again; a server may ask for more."""

LONGEST_PAUSE = 30.0

_HUB_HOST = "registry-1.docker.io"
_CERTIFICATES = Path("/etc/docker/certs.d")
_SYSTEM_BUNDLES = (
    Path("/etc/ssl/certs/ca-certificates.crt"),
    Path("/etc/pki/tls/certs/ca-bundle.crt"),
)
_ATTESTATION = "unknown/unknown"


@dataclass(frozen=True)
class ImageManifest:
    """A manifest, or an index of several, exactly as the registry has it."""

    content: bytes

    @cached_property
    def digest(self) -> str:
        """Its name: the sha256 of its bytes."""
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"

    @cached_property
    def data(self) -> Mapping[str, Any]:
        """What it says."""
        document: dict[str, Any] = json.loads(self.content)
        return document

    @property
    def is_index(self) -> bool:
        """Whether it lists manifests of several platforms."""
        return "manifests" in self.data

    @property
    def annotations(self) -> Mapping[str, str]:
        """Its annotations, without those of the manifests that it lists."""
        return self.data.get("annotations") or {}

    @property
    def platforms(self) -> dict[str, str]:
        """The digest of each platform's manifest; attestations are left out."""
        found = {}
        for entry in self.data.get("manifests", ()):
            name = _platform(entry.get("platform") or {})
            if name and name != _ATTESTATION:
                found[name] = str(entry["digest"])
        return found


class ImageRepository:
    """A repository in a registry, within `with`. It keeps one connection.

    A `patient` one asks again where a registry does not answer. `variables` are those that can give
    a login, for messages.
    """

    def __init__(
        self,
        reference: Reference,
        login: Credentials | None = None,
        *,
        plain_http: bool = False,
        patient: bool = True,
        variables: str = "",
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.reference = reference
        self._pauses: tuple[float | None, ...] = (*(PAUSES if patient else ()), None)
        self._login = login
        self._variables = variables
        self._wait = wait
        host = _HUB_HOST if reference.registry == HUB else reference.registry
        here = is_this_machine(reference.registry)
        kind = _OnThisMachine if here else DXF
        self._dxf = kind(
            host,
            reference.repository,
            self._authenticate if login else _anonymous,
            insecure=here or plain_http,
            tlsverify=_trusted(host),
            timeout=TIMEOUT if patient else HURRIED,
        )

    def __enter__(self) -> ImageRepository:
        self._dxf.__enter__()
        return self

    def __exit__(self, *trouble: object) -> None:
        self._dxf.__exit__(*trouble)  # type: ignore[no-untyped-call]

    def find(self, at: str) -> str | None:
        """The digest of what a tag or digest names, None where there is nothing."""

        def ask() -> str | None:
            digest, answer = self._dxf.head_manifest_and_response(at)
            return digest or self._digest_of(at, answer)

        return self._absent_is_none(f"look for {at}", ask)

    def read(self, at: str) -> ImageManifest | None:
        """The manifest that a tag or digest names, None where there is none."""

        def ask() -> ImageManifest:
            _, answer = self._dxf.get_manifest_and_response(at)
            manifest = ImageManifest(answer.content)
            if at.startswith("sha256:") and manifest.digest != at:
                raise RegistryError(
                    f"{self.reference.registry} answers {manifest.digest} for {at}.",
                    remedy="The registry, or something between, changes manifests.",
                )
            return manifest

        return self._absent_is_none(f"read {at}", ask)

    def config(self, manifest: ImageManifest) -> Mapping[str, Any]:
        """The configuration of a single platform's image: its labels, its user, its platform."""

        def ask() -> Mapping[str, Any]:
            parts = self._dxf.pull_blob(str(manifest.data["config"]["digest"]), size=False)
            document: dict[str, Any] = json.loads(b"".join(cast(Iterable[bytes], parts)))
            return document

        return self._do(f"read the configuration of {manifest.digest}", ask)

    def platforms(self, manifest: ImageManifest) -> dict[str, str]:
        """The digest of each platform's manifest; one alone is of what its configuration says."""
        if manifest.is_index:
            return manifest.platforms
        return {_platform(self.config(manifest)): manifest.digest}

    def tag(self, manifest: ImageManifest, tag: str) -> None:
        """Let `tag` name `manifest`, whose parts the repository has already.

        Raises:
            MovedTagError: it names another one by now.
        """
        text = manifest.content.decode("utf-8")
        self._do(f"write the tag {tag}", lambda: self._dxf.set_manifest(tag, text))
        found = self.find(tag)
        if found != manifest.digest:
            raise MovedTagError(
                f"{self.reference.name}:{tag} is {found} after it was set to {manifest.digest}.",
                remedy="Somebody else moved it at the same time. Run again.",
            )

    def tags(self) -> list[str]:
        """All tags, sorted; none where the repository does not exist yet."""
        listed = self._absent_is_none("list the tags", lambda: list(self._dxf.list_aliases(1000)))
        return sorted(listed or ())

    def delete(self, digest: str) -> None:
        """Delete a manifest, and with it every tag that names it.

        Raises:
            UnsupportedByRegistryError: the registry cannot delete.
        """
        self._do(f"delete {digest}", lambda: self._dxf.del_alias(digest))

    def untag(self, tag: str) -> None:
        """Remove a tag alone; what it names stays.

        The distribution API can delete by digest only, on most registries. So the tag is moved to
        an empty index of its own, and that is deleted.

        Raises:
            UnsupportedByRegistryError: the registry cannot delete.
        """

        document = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [],
            "annotations": {"flowlift.removed": tag},
        }

        def replace() -> None:
            self._dxf.set_manifest(tag, json.dumps(document))
            self._dxf.del_alias(tag)

        self._do(f"remove the tag {tag}", replace)

    # Asking --------------------------------------------------------------------------

    def _digest_of(self, at: str, answer: requests.Response) -> str | None:
        """For the registries that do not say the digest of what is there."""
        if not answer.ok:
            return None
        found = self.read(at)
        return found.digest if found else None

    def _absent_is_none(self, doing: str, ask: Callable[[], T]) -> T | None:
        try:
            return self._do(doing, ask)
        except AbsentError:
            return None

    def _do(self, doing: str, ask: Callable[[], T]) -> T:
        """Ask the registry, again where that may help; every call is one that may be repeated."""
        host = self.reference.registry
        for pause in self._pauses:
            try:
                return ask()
            except requests.exceptions.SSLError as error:
                raise RegistryError(
                    f"{host} shows a certificate that is not trusted here: {_shortly(error)}",
                    remedy="Name the authority's file with SSL_CERT_FILE.",
                ) from None
            except (requests.ConnectionError, requests.Timeout) as error:
                if pause is None:
                    raise RegistryError(
                        f"{host} cannot be reached to {doing}: {_shortly(error)}",
                        remedy="Check the address in [tool.flowlift.image] and the network.",
                    ) from None
                self._wait(pause)
            except DXFUnauthorizedError:
                raise self._refused(401) from None
            except DXFAuthInsecureError:
                raise LoginError(
                    f"{host} wants a login, but speaks http, so that it could be read on the way.",
                    remedy="Give the registry a certificate.",
                ) from None
            except requests.HTTPError as error:
                again = self._after(error.response, doing)
                if pause is None:
                    raise RegistryError(
                        f"{host} does not {doing}: {_said(error.response)}",
                        remedy="Look at the registry's log; its disk may be full.",
                    ) from None
                self._wait(min(max(pause, again), LONGEST_PAUSE))
        raise AssertionError("the last round returns or raises")

    def _after(self, answer: requests.Response, doing: str) -> float:
        """Seconds that a refusal asks to wait, where asking again may help; else it is raised."""
        status, host = answer.status_code, self.reference.registry
        if status == 404:
            raise AbsentError(f"{host} does not {doing}: it is not there.")
        if status in {401, 403}:
            raise self._refused(status)
        if status == 405 or "UNSUPPORTED" in answer.text:
            raise UnsupportedByRegistryError(f"{host} does not {doing}: it does not offer that.")
        if status != 429 and status < 500:
            raise RegistryError(
                f"{host} does not {doing}: {_said(answer)}",
                remedy="Check the name of the image in [tool.flowlift.image].",
            )
        return retry_after(answer.headers) or 0.0

    def _refused(self, status: int) -> LoginError:
        host = self.reference.registry
        if self._login is None:
            or_set = f"; or set {self._variables}" if self._variables else ""
            return LoginError(
                f"{host} wants a login for {self.reference.repository} ({status}).",
                remedy=f"docker login {host}{or_set}.",
            )
        return LoginError(
            f"{host} refuses the login of {self._login.user!r} for"
            f" {self.reference.repository} ({status}).",
            remedy=f"Check {self._login.source}, and what that user may do there.",
        )

    def _authenticate(self, dxf: DXFBase, answer: requests.Response) -> None:
        if self._login is not None:
            dxf.authenticate(self._login.user, self._login.secret, response=answer)


class _OnThisMachine(DXF):
    """A registry on this machine: as for Docker, http will do, for a login too, and no proxy."""

    def authenticate(self, *args: Any, **kwargs: Any) -> str | None:
        self._insecure = False
        try:
            return super().authenticate(*args, **kwargs)
        finally:
            self._insecure = True

    def __enter__(self) -> _OnThisMachine:
        super().__enter__()
        session = self._sessions[0]
        if isinstance(session, requests.Session):
            session.trust_env = False
            # Tokens are asked for by https, whatever address the registry names.
            session.mount(f"https://{self._host}/", _ByHttp())
        return self


class _ByHttp(HTTPAdapter):
    """Sends by http what is addressed to https."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        request.url = (request.url or "").replace("https://", "http://", 1)
        return super().send(request, *args, **kwargs)


def _platform(said: Mapping[str, str]) -> str:
    """A platform by the name that Docker gives it, with its variant: `linux/arm/v7`."""
    parts = [said.get(key, "") for key in ("os", "architecture", "variant")]
    return "/".join(part for part in parts if part)


def _anonymous(dxf: DXFBase, answer: requests.Response) -> None:
    """Public images want a token too, which everybody gets."""
    if "bearer" in answer.headers.get("www-authenticate", "").lower():
        dxf.authenticate(response=answer)


def _trusted(host: str) -> bool | str:
    """The certificates to trust: what Docker trusts for this registry, else the system's."""
    own = sorted((_CERTIFICATES / host).glob("*.crt")) if "/" not in host else []
    if own:
        return str(own[0])
    if os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE"):
        return True  # requests reads them itself
    if os.environ.get("SSL_CERT_FILE"):
        return os.environ["SSL_CERT_FILE"]
    return next((str(bundle) for bundle in _SYSTEM_BUNDLES if bundle.is_file()), True)


def _shortly(error: Exception) -> str:
    """The innermost reason, without addresses and objects around it."""
    text = re.sub(
        r"^.*(?:\[Errno -?\d+\]|Caused by \w+\(|object at 0x[0-9a-f]+>[:,])\s*", "", str(error)
    )
    return text.strip("() '\"") or type(error).__name__


def _said(answer: requests.Response) -> str:
    try:
        errors = answer.json()["errors"]
        text = "; ".join(str(error.get("message") or error.get("code")) for error in errors)
    except (ValueError, KeyError, TypeError, AttributeError):
        text = ""
    return f"{answer.status_code} {text or answer.reason}"
