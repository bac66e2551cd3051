"""Starts an image once for each platform, and imports every entrypoint in it.

The files come into the container as a copy and not as a mount: an engine on another machine, as CI
systems have it beside a job, does not see this one's folders.
"""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowlift.errors import EngineError
from flowlift.image.engine import Docker, engine_error, missing_docker
from flowlift.image.reference import Reference
from flowlift.network import is_this_machine
from flowlift.repo.entrypoint import Entrypoint

_PLACE = "/flowlift"
_FILES = f"{_PLACE}/repository"
_PULL_TIMEOUT = 1800.0
_RUN_TIMEOUT = 3600.0


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """How one import ended. `error` is empty where it went well; `file` is from the root."""

    platform: str
    entrypoint: Entrypoint
    flow: str = ""
    error: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class ImportRun:
    """All imports of one platform. `skipped` says why there are none: it cannot run here."""

    platform: str
    imports: tuple[ImportOutcome, ...] = ()
    skipped: str = ""


def verify(
    docker: Docker,
    image: Reference,
    platform: str,
    entrypoints: Sequence[Entrypoint],
    *,
    files: Path,
    variables: Mapping[str, str],
) -> ImportRun:
    """Import the entrypoints in one platform's image, with the content of `files` beside it.

    `variables` are set in the container; their values are in no argument.

    Raises:
        EngineError: the image cannot be pulled, or has no Python.
    """
    docker.ask("pull", "--quiet", "--platform", platform, str(image), timeout=_PULL_TIMEOUT)
    here = is_this_machine(variables.get("PREFECT_API_URL", ""))
    network = ["--network", "host"] if here else []
    words = ["create", "--platform", platform, *network, "--entrypoint", "python"]
    for name in variables:
        words += ["--env", name]
    words += [str(image), f"{_PLACE}/probe.py", f"{_PLACE}/cases.json"]
    known = Docker({**docker.environ, **variables}, docker.voice, docker.wait)
    container = known.ask(*words).strip()
    try:
        _send(known, container, files, entrypoints)
        return _run(known, container, image, platform, entrypoints)
    finally:
        known.ask("rm", "--force", "--volumes", container)


def _send(docker: Docker, container: str, files: Path, entrypoints: Sequence[Entrypoint]) -> None:
    """Put the probe, its list and the repository's files into the container, as root's own."""
    cases = [
        {"entrypoint": e.text, "folder": f"{_FILES}/{e.root}".rstrip("/")} for e in entrypoints
    ]
    probe = Path(__file__).with_name("probe.py").read_bytes()
    words = ["docker", "cp", "-", f"{container}:/"]
    try:
        process = subprocess.Popen(
            words, env=dict(docker.environ), stdin=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except FileNotFoundError:
        raise missing_docker() from None
    with process:
        assert process.stdin is not None  # noqa: S101 - a pipe was asked for
        try:
            with tarfile.open(fileobj=process.stdin, mode="w|") as archive:
                _add(archive, f"{_PLACE}/probe.py", probe)
                _add(archive, f"{_PLACE}/cases.json", json.dumps(cases).encode())
                archive.add(files, _FILES.lstrip("/"), filter=_as_cloned)
            process.stdin.close()
        except BrokenPipeError:
            process.kill()  # docker has said why
        said = process.stderr.read() if process.stderr else b""
    if process.returncode != 0:
        raise engine_error(words[1:], said.decode("utf-8", "replace"))


def _add(archive: tarfile.TarFile, path: str, content: bytes) -> None:
    about = tarfile.TarInfo(path.lstrip("/"))
    about.size, about.mode = len(content), 0o644
    archive.addfile(about, io.BytesIO(content))


def _as_cloned(about: tarfile.TarInfo) -> tarfile.TarInfo:
    about.uid = about.gid = 0
    about.uname = about.gname = ""
    about.mode = 0o755 if about.isdir() or about.mode & 0o100 else 0o644
    return about


def _run(
    docker: Docker,
    container: str,
    image: Reference,
    platform: str,
    entrypoints: Sequence[Entrypoint],
) -> ImportRun:
    try:
        done = subprocess.run(
            ["docker", "start", "--attach", container],
            env=dict(docker.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_RUN_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise EngineError(
            f"The imports in {image} for {platform} did not end within {_RUN_TIMEOUT:.0f} s.",
            remedy="Import them one by one: flowlift image verify -n NAME.",
        ) from None
    answers = _answers(done.stdout)
    said = done.stderr.decode("utf-8", "replace").strip()
    if not answers:
        if "exec format error" in said:
            return ImportRun(platform, skipped=f"this machine cannot run {platform}")
        last = said.splitlines()[-1] if said else f"it ended with code {done.returncode}"
        raise EngineError(
            f"{image} cannot run Python for {platform}: {last}",
            remedy="The image must have `python` on its PATH, and Prefect installed for it.",
        )
    if fatal := answers[0].get("fatal"):
        raise EngineError(
            f"Prefect cannot be imported in {image} for {platform}: {fatal}",
            remedy="Install prefect in the image; no flow can run without it.",
        )
    by_number = {answer["number"]: answer for answer in answers}
    lost = {"error": "the container ended before its turn"}
    imports = (
        _imported(platform, entrypoint, by_number.get(number, lost))
        for number, entrypoint in enumerate(entrypoints)
    )
    return ImportRun(platform, tuple(imports))


def _imported(platform: str, entrypoint: Entrypoint, answer: Mapping[str, Any]) -> ImportOutcome:
    file = answer.get("file") or ""
    return ImportOutcome(
        platform=platform,
        entrypoint=entrypoint,
        flow=answer.get("flow") or "",
        error=answer.get("error") or "",
        file=f"{entrypoint.root}/{file}" if file and entrypoint.root else file,
        line=answer.get("line") or 0,
    )


def _answers(output: bytes) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for line in output.decode("utf-8", "replace").splitlines():
        try:
            answer = json.loads(line)
        except ValueError:
            continue
        if isinstance(answer, dict):
            found.append(answer)
    return found
