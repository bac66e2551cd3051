"""Files from a release's address or a mirror: whole, resumed where they broke off, and proven.

A file has its name only when its checksum is right.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from flowlift.errors import WorkerError
from flowlift.voice import SILENT, Voice

TIMEOUT = httpx.Timeout(30.0, connect=10.0)
PAUSES = (1.0, 3.0, 8.0)
"""Seconds to wait before a download that broke off goes on."""

_CHUNK = 1 << 20
_SUM = re.compile(r"^([0-9a-fA-F]{64})(?:\s+\*?(\S+))?\s*$")
_MOST_TEXT = 1 << 20


def fetch(
    url: str,
    into: Path,
    sha256: str,
    *,
    voice: Voice = SILENT,
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Download `url` to `into`, unless it is there already and right.

    What an earlier run, or a connection that broke, has left in `into`.part goes on from there.

    Raises:
        WorkerError: it cannot be had, or is not what the checksum says.
    """
    if into.is_file() and digest_of(into) == sha256:
        return
    into.parent.mkdir(parents=True, exist_ok=True)
    part = into.with_name(f"{into.name}.part")
    voice.say(f"Downloading {url}")
    for pause in (*PAUSES, None):
        try:
            _go_on(url, part)
            break
        except httpx.TransportError as error:
            if pause is None:
                raise _unreachable(url, str(error) or type(error).__name__) from None
            wait(pause)
    found = digest_of(part)
    if found != sha256:
        part.unlink()
        raise WorkerError(
            f"{url} is not what its checksum says: it is {found}, not {sha256}.",
            remedy="It was changed on the way, or the mirror holds another file. Nothing was"
            " installed; run again, or look at the mirror.",
        )
    part.replace(into)


def fetch_text(url: str) -> str | None:
    """A small text at `url`, None where there is none.

    Raises:
        WorkerError: nobody answers, or with an error.
    """
    try:
        answer = httpx.get(url, timeout=TIMEOUT, follow_redirects=True)
    except httpx.TransportError as error:
        raise _unreachable(url, str(error) or type(error).__name__) from None
    if answer.status_code == httpx.codes.NOT_FOUND:
        return None
    if not answer.is_success or len(answer.content) > _MOST_TEXT:
        raise _unreachable(url, f"it answers {answer.status_code}")
    return answer.text


def sum_in(text: str, name: str) -> str | None:
    """The SHA-256 of the file `name` in a file of sums; a sum that stands alone is for any."""
    alone = None
    for line in text.splitlines():
        found = _SUM.match(line.strip())
        if found and found[2] and found[2].rpartition("/")[2] == name:
            return found[1].lower()
        if found and not found[2]:
            alone = found[1].lower()
    return alone


def digest_of(file: Path) -> str:
    """The SHA-256 of a file."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _go_on(url: str, part: Path) -> None:
    """Fetch what is missing of `part`; a server that cannot resume gives all of it again."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with httpx.stream(
        "GET", url, headers=headers, timeout=TIMEOUT, follow_redirects=True
    ) as answer:
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # it is whole already: the checksum tells
        if not answer.is_success:
            raise _unreachable(url, f"it answers {answer.status_code}")
        resumed = answer.status_code == httpx.codes.PARTIAL_CONTENT
        with part.open("ab" if resumed else "wb") as stream:
            for chunk in answer.iter_raw():
                stream.write(chunk)


def _unreachable(url: str, why: str) -> WorkerError:
    return WorkerError(
        f"{url} cannot be downloaded: {why}.",
        remedy="Check the network, or name a mirror in [tool.flowlift.worker.host.mirrors].",
    )
