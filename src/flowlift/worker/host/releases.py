"""Where K3s and Helm are released, and how their versions compare."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from flowlift.config.worker import Host
from flowlift.errors import InputError, WorkerError
from flowlift.network import is_this_machine
from flowlift.worker.host.download import fetch_text, sum_in

HELM = "https://get.helm.sh"
K3S = "https://github.com/k3s-io/k3s/releases/download"
K3S_SCRIPT = "https://raw.githubusercontent.com/k3s-io/k3s"
SCRIPT = "install.sh"

ARCHITECTURES: Mapping[str, str] = {
    "x86_64": "amd64",
    "amd64": "amd64",
    "aarch64": "arm64",
    "arm64": "arm64",
    "armv7l": "arm",
}
"""The releases' names of processors, by the kernel's."""

_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.]+))?(?:\+k3s(\d+))?\Z")
_K3S_BINARIES = {"amd64": "k3s", "arm64": "k3s-arm64", "arm": "k3s-armhf"}


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A version that compares as releases do: 1.33.4+k3s2 is newer than 1.33.4+k3s1."""

    major: int
    minor: int
    patch: int
    final: bool
    pre: str
    build: int


@dataclass(frozen=True, slots=True)
class Download:
    """A file of a release: its name there, its address, and that of the file with its sum."""

    name: str
    url: str
    sums: str


def read_version(text: str) -> Version | None:
    """The version that `text` is, None where it is none."""
    found = _VERSION.match(text.strip())
    if not found:
        return None
    major, minor, patch = (int(found[number]) for number in (1, 2, 3))
    return Version(major, minor, patch, found[4] is None, found[4] or "", int(found[5] or 0))


def pinned(text: str, tool: str) -> Version:
    """The version that the configuration pins.

    Raises:
        InputError: it is none.
    """
    version = read_version(text)
    if version is None or not text.startswith("v"):
        example = "v1.33.4+k3s1" if tool == "k3s" else "v3.18.4"
        raise InputError(
            f"{text!r} is no version of {tool}.",
            remedy=f'It looks like {tool} = "{example}" in [tool.flowlift.worker.host].',
        )
    return version


def helm_archive(version: str, architecture: str, host: Host) -> Download:
    """Helm's archive."""
    base = host.mirrors.get("helm", HELM).rstrip("/")
    name = f"helm-{version}-linux-{architecture}.tar.gz"
    return Download(name, f"{base}/{name}", f"{base}/{name}.sha256sum")


def k3s_binary(version: str, architecture: str, host: Host) -> Download:
    """K3s's one binary."""
    base = f"{host.mirrors.get('k3s', K3S).rstrip('/')}/{quote(version, safe='')}"
    name = _K3S_BINARIES[architecture]
    return Download(name, f"{base}/{name}", f"{base}/sha256sum-{architecture}.txt")


def k3s_script(version: str, host: Host) -> Download:
    """K3s's install script of that version, and the sum that its repository has beside it."""
    base = f"{host.mirrors.get('k3s', K3S_SCRIPT).rstrip('/')}/{quote(version, safe='')}"
    return Download(SCRIPT, f"{base}/{SCRIPT}", f"{base}/{SCRIPT}.sha256sum")


def expected_sum(file: Download, host: Host, read: Callable[[str], str | None] = fetch_text) -> str:
    """The SHA-256 that a file must have: by the release's own sums and by the repository's pin.

    Raises:
        WorkerError: neither is there, the two differ, or the sums come without TLS.
    """
    pin = host.sha256.get(file.name, "").strip().lower() or None
    if pin is None and _can_be_changed_on_the_way(file.url):
        raise WorkerError(
            f"{file.url} is without TLS, so file and checksum could both be changed on the way.",
            remedy=f'Pin it: "{file.name}" = "..." in [tool.flowlift.worker.host.sha256]; or give'
            " the mirror a certificate.",
        )
    try:
        text = read(file.sums)
    except WorkerError:
        if pin is None:
            raise
        text = None
    said = sum_in(text, file.name) if text else None
    if pin and said and pin != said:
        raise WorkerError(
            f"The checksum of {file.name} is pinned as {pin}, and its release says {said}.",
            remedy="Correct the pin in [tool.flowlift.worker.host.sha256], which goes with the"
            " version; if it was right, the release or the mirror was changed.",
        )
    found = pin or said
    if found is None:
        raise WorkerError(
            f"No checksum of {file.name} is known: {file.sums} has none, and none is pinned.",
            remedy=f'Pin it: "{file.name}" = "..." in [tool.flowlift.worker.host.sha256].',
        )
    return found


def _can_be_changed_on_the_way(url: str) -> bool:
    return urlsplit(url).scheme != "https" and not is_this_machine(url)
