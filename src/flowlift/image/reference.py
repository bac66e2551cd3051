"""Names of images: references as Docker reads them, and the tags that flowlift gives.

Source: the grammar of github.com/distribution/reference, and the tags of the OCI distribution
specification (at most 128 characters, none of them `+` or `/`).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace

from flowlift.errors import InputError

HUB = "docker.io"
"""The registry that a name without one means."""

LONGEST_TAG = 128

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-f]{32,}")
_PATH = re.compile(
    r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*"
)
_HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")

_DEV = re.compile(r"(?P<version>.+?)-(?:pr-(?P<pull>.+?)|branch-(?P<branch>.+))-run-(?P<run>.+)")
_INPUTS = re.compile(r"inputs-[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Reference:
    """An image in a registry: a host, a repository there, and a tag, a digest or both."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"

    @property
    def name(self) -> str:
        """Registry and repository, without tag and digest."""
        return f"{self.registry}/{self.repository}"

    @property
    def at(self) -> str:
        """What a registry is asked for: the digest where there is one, else the tag."""
        return self.digest or self.tag or "latest"

    def tagged(self, tag: str) -> Reference:
        """The image of that tag in the same repository."""
        return Reference(self.registry, self.repository, tag=tag)

    def pinned(self, digest: str) -> Reference:
        """The image of that digest in the same repository."""
        return Reference(self.registry, self.repository, digest=digest)


def parse(text: str) -> Reference:
    """The image that `text` means to Docker: `python:3.11` is `docker.io/library/python:3.11`.

    Raises:
        InputError: it is no reference.
    """
    rest, _, digest = text.partition("@")
    last = rest.rpartition("/")[2]
    tag = last.partition(":")[2]
    name = rest.removesuffix(f":{tag}") if ":" in last else rest
    host, slash, path = name.partition("/")
    # The first part is a host only if it cannot be a folder of Docker Hub.
    if not slash or not (set(".:[") & set(host) or host == "localhost" or host != host.lower()):
        host, path = HUB, name
    if host in {"index.docker.io", HUB}:
        host, path = HUB, path if "/" in path else f"library/{path}"
    sound = (
        _HOST.fullmatch(host)
        and _PATH.fullmatch(path)
        and (_TAG.fullmatch(tag) or ":" not in last)
        and (_DIGEST.fullmatch(digest) or "@" not in text)
    )
    if not sound:
        raise InputError(
            f"{text!r} is not the name of an image.",
            remedy="It looks like registry.example.com/team/flows:1.2.3, in lower case.",
        )
    return Reference(host, path, tag, digest)


def mirrored(reference: Reference, mirror: str) -> Reference:
    """The same image in a mirror (`host` or `host/path`) of its registry."""
    host, _, prefix = mirror.rstrip("/").rpartition("://")[2].partition("/")
    path = f"{prefix}/{reference.repository}" if prefix else reference.repository
    return replace(reference, registry=host, repository=path)


# Tags ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DevTag:
    """What a DEV tag says: the version, and the pull request or else the branch it is from."""

    version: str
    pull_request: str
    branch: str
    run: str


def pull_request_tag(version: str, pull_request: int | str, run: str) -> str:
    """The DEV tag `VERSION-pr-N-run-M`, valid whatever the CI's numbers are."""
    return _fit(f"{_word(version)}-pr-{_word(str(pull_request))}-run-", _word(run))


def branch_tag(version: str, branch: str, run: str) -> str:
    """The DEV tag of a branch without a pull request: `VERSION-branch-NAME-run-M`."""
    return _fit(f"{_word(version)}-branch-{branch_word(branch)}-run-", _word(run))


def branch_word(branch: str) -> str:
    """A branch's name as part of a tag; two branches never have the same."""
    word = _word(branch)[:48]
    return word if word == branch else f"{word}-{_digest(branch)}"


def inputs_tag(digest: str) -> str:
    """The tag by which the image of these sources (their digest) is found again."""
    return f"inputs-{digest.rpartition(':')[2][:16]}"


def is_inputs_tag(tag: str) -> bool:
    """Whether `tag` is one that `inputs_tag` makes."""
    return _INPUTS.fullmatch(tag) is not None


def read_dev_tag(tag: str) -> DevTag | None:
    """What a DEV tag says, None where `tag` is none."""
    found = _DEV.fullmatch(tag)
    if not found:
        return None
    return DevTag(found["version"], found["pull"] or "", found["branch"] or "", found["run"])


def _word(text: str) -> str:
    word = re.sub(r"[^A-Za-z0-9_.]+", "-", text).strip("-.")
    return word or f"x{_digest(text)}"


def _fit(head: str, tail: str) -> str:
    """`head` and `tail` within the length of a tag, still different from every other."""
    tag = head + tail
    if len(tag) <= LONGEST_TAG:
        return tag
    return (
        f"{head}{_digest(tail)}" if len(head) <= LONGEST_TAG - 8 else f"{tag[:119]}-{_digest(tag)}"
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
