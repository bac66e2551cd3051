"""Docker, asked through its command line: builds, registry-side copies, runs.

Every word is an argument of its own, no shell is between, and no secret is an argument.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from flowlift.errors import BuildError, EngineError, Position
from flowlift.image.login import refuses_login
from flowlift.image.progress import BuildProgress, Failure
from flowlift.image.reference import Reference
from flowlift.voice import SILENT, Voice

PUSH_PAUSES = (2.0, 8.0, 20.0)
"""Seconds to wait before an image is pushed again; what was built is cached by then."""

SBOM_GENERATOR = "buildkit-syft-scanner"

_ASK_TIMEOUT = 60.0

_PASSING = re.compile(
    r"connection re(?:fused|set)|broken pipe|unexpected EOF|\bEOF\b|i/o timeout"
    r"|TLS handshake timeout|no such host|server misbehaving|use of closed network"
    r"|\b50[0234]\b|\b429\b|Too Many Requests",
    re.IGNORECASE,
)
_NO_ENGINE = re.compile(r"Cannot connect to the Docker daemon|failed to connect to the docker API")
_LACKING = re.compile(r'failed to calculate checksum of ref \S+: (".+"): not found')
_FULL = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Builder:
    """What builds. `attests` tells whether it can attest and build for several platforms."""

    name: str
    platforms: tuple[str, ...]
    attests: bool


@dataclass(frozen=True, slots=True)
class BuildOrder:
    """One build. `created` is in seconds since 1970, the commit's time."""

    tag: Reference
    dockerfile: Path
    context: Path
    platforms: tuple[str, ...]
    target: str | None = None
    build_args: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    provenance: str = "max"
    sbom: bool | str = True
    created: int = 0
    shown_as: str = ""
    """The Dockerfile's path in messages."""


@dataclass(frozen=True, slots=True)
class Docker:
    """Docker's command line in the environment `environ`, which holds the logins."""

    environ: Mapping[str, str] = field(repr=False)
    voice: Voice = SILENT
    wait: Callable[[float], None] = time.sleep

    def builder(self) -> Builder:
        """The builder that buildx would use.

        Raises:
            EngineError: Docker or buildx is missing, or the builder does not start.
        """
        text = self.ask("buildx", "inspect", "--bootstrap")
        found = dict(re.findall(r"^(Name|Driver|Platforms|Error):\s*(.+?)\s*$", text, re.MULTILINE))
        if "Error" in found:
            if _NO_ENGINE.search(found["Error"]):
                raise engine_error(("buildx", "inspect"), found["Error"])
            raise EngineError(
                f"The builder {found.get('Name', '')!r} does not work: {found['Error']}",
                remedy="docker buildx ls shows the builders; name one with BUILDX_BUILDER.",
            )
        platforms = re.split(r"[,\s*]+", found.get("Platforms", ""))
        driver = found.get("Driver", "")
        return Builder(
            name=found.get("Name", ""),
            platforms=tuple(platform for platform in platforms if platform),
            attests=driver != "docker" or self._has_containerd_store(),
        )

    def build(self, order: BuildOrder, builder: Builder) -> str:
        """Build and push; the digest of what was pushed.

        A push that a registry or the network breaks off is tried again. Nothing has the tag before
        all of it is in the registry.

        Raises:
            BuildError: the Dockerfile or what it needs is wrong, or the push does not come through.
        """
        for pause in (*PUSH_PAUSES, None):
            failure = self._build_once(order, builder)
            if not isinstance(failure, Failure):
                return failure
            if order.sbom is True and SBOM_GENERATOR in failure.reason:
                self.voice.say(f"No SBOM: the builder cannot get its generator ({failure.reason}).")
                order = replace(order, sbom=False)
                failure = self._build_once(order, builder)
                if not isinstance(failure, Failure):
                    return failure
            if pause is None or not _is_push(failure) or not _PASSING.search(failure.reason):
                raise _build_error(failure, order)
            self.voice.say(f"The push broke off ({failure.reason}); again in {pause:.0f} s.")
            self.wait(pause)
        raise AssertionError("the last round returns or raises")

    def copy(self, source: Reference, target: Reference) -> None:
        """Let `target` name what `source` is, with all that belongs to it, registry to registry.

        Raises:
            EngineError: a registry refuses or cannot be reached.
        """
        words = ("buildx", "imagetools", "create", "--prefer-index=false", "--progress=quiet")
        for pause in (*PUSH_PAUSES, None):
            try:
                self.ask(*words, "--tag", str(target), str(source), timeout=None)
            except EngineError as error:
                if pause is None or not _PASSING.search(error.message):
                    raise
                self.voice.say(f"The copy broke off ({error.message}); again in {pause:.0f} s.")
                self.wait(pause)
            else:
                return

    def mirrors(self) -> tuple[str, ...]:
        """The engine's mirrors of Docker Hub; none where no engine runs."""
        try:
            text = self.ask("info", "--format", "{{json .RegistryConfig.Mirrors}}")
            listed = json.loads(text)
        except (EngineError, ValueError):
            return ()
        return tuple(str(mirror) for mirror in listed or ())

    def ask(
        self, *arguments: str, stdin: bytes | None = None, timeout: float | None = _ASK_TIMEOUT
    ) -> str:
        """What `docker ARGUMENTS...` writes.

        Raises:
            EngineError: it fails; the message is its own.
        """
        try:
            done = subprocess.run(
                ["docker", *arguments],
                env=dict(self.environ),
                input=stdin if stdin is not None else b"",
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except FileNotFoundError:
            raise missing_docker() from None
        except subprocess.TimeoutExpired:
            raise EngineError(
                f"docker {arguments[0]} did not answer within {timeout:.0f} s.",
                remedy="Look at the engine: docker info.",
            ) from None
        if done.returncode != 0:
            raise engine_error(arguments, done.stderr.decode("utf-8", "replace"))
        return done.stdout.decode("utf-8", "replace")

    def _has_containerd_store(self) -> bool:
        status = self.ask("info", "--format", "{{json .DriverStatus}}")
        return "io.containerd.snapshotter" in status

    def _build_once(self, order: BuildOrder, builder: Builder) -> str | Failure:
        with tempfile.TemporaryDirectory(prefix="flowlift-build-") as folder:
            metadata = Path(folder) / "metadata.json"
            words = build_words(order, builder, metadata)
            environ = {**self.environ, "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
            if order.created:
                environ["SOURCE_DATE_EPOCH"] = str(order.created)
            progress = BuildProgress(self.voice)
            try:
                process = subprocess.Popen(
                    words,
                    env=environ,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                )
            except FileNotFoundError:
                raise missing_docker() from None
            with process:
                try:
                    for line in process.stderr or ():
                        progress.read(line.decode("utf-8", "replace"))
                except BaseException:
                    process.terminate()
                    raise
            if process.returncode != 0:
                return progress.failure()
            return str(json.loads(metadata.read_bytes()).get("containerimage.digest", ""))


def build_words(order: BuildOrder, builder: Builder, metadata: Path) -> list[str]:
    """The words of the build's command."""
    words = ["docker", "buildx", "build", "--push", "--progress=rawjson"]
    words += ["--metadata-file", str(metadata)]
    words += ["--file", str(order.dockerfile), "--tag", str(order.tag)]
    words += ["--platform", ",".join(order.platforms)]
    if order.target:
        words += ["--target", order.target]
    for name, value in sorted(order.build_args.items()):
        words += ["--build-arg", f"{name}={value}"]
    for name, variable in sorted(order.secrets.items()):
        words += ["--secret", f"id={name},env={variable}"]
    for name, value in sorted(order.annotations.items()):
        words += ["--label", f"{name}={value}"]
    if builder.attests:
        attested = order.provenance != "off" or bool(order.sbom)
        level = "index,manifest" if attested or len(order.platforms) > 1 else "manifest"
        for name, value in sorted(order.annotations.items()):
            words += ["--annotation", f"{level}:{name}={value}"]
        if order.provenance != "off":
            words.append(f"--provenance=mode={order.provenance}")
        if order.sbom:
            generator = f"generator={order.sbom}" if isinstance(order.sbom, str) else "true"
            words.append(f"--sbom={generator}")
    words.append(str(order.context))
    return words


def missing_docker() -> EngineError:
    """The error for a machine without Docker."""
    return EngineError(
        "docker is not installed.",
        remedy="Install Docker with buildx 0.13 or newer: https://docs.docker.com/engine/install",
    )


def engine_error(arguments: Sequence[str], stderr: str) -> EngineError:
    """The error for a call that Docker refused, in Docker's own words."""
    lines = [line for line in stderr.strip().splitlines() if line.strip()]
    said = (lines[-1] if lines else "it says nothing").removeprefix("ERROR: ")
    if "buildx" in arguments and ("unknown command" in stderr or "not a docker command" in stderr):
        return EngineError(
            "Docker has no buildx here.",
            remedy="Install buildx 0.13 or newer: https://docs.docker.com/go/buildx",
        )
    if (
        "Cannot connect to the Docker daemon" in stderr
        or "failed to connect to the docker" in stderr
    ):
        return EngineError(
            "No Docker engine answers here.", remedy="Start it, or name another with DOCKER_HOST."
        )
    remedy = "Run the same docker command by hand to see more."
    if refuses_login(said):
        remedy = "docker login; or set FLOWLIFT_IMAGE_USER and FLOWLIFT_IMAGE_PASSWORD."
    elif _FULL.search(said):
        remedy = "Make room: docker system df, docker buildx prune; or on the registry's disk."
    return EngineError(f"docker {' '.join(arguments[:2])} failed: {said}", remedy=remedy)


def _is_push(failure: Failure) -> bool:
    """Whether a build was done and only its way to the registry failed."""
    return failure.step.startswith(("exporting", "pushing")) or "failed to push" in failure.reason


def _build_error(failure: Failure, order: BuildOrder) -> BuildError:
    name = order.shown_as or str(order.dockerfile)
    at = Position(name, failure.line) if failure.line else None
    reason = failure.reason
    remedy = "Mend the Dockerfile."
    if "progress" in reason and "rawjson" in reason:
        return BuildError("buildx is too old.", remedy="Install buildx 0.13 or newer.")
    if _FULL.search("\n".join((reason, *failure.lines))):
        remedy = "A disk is full: make room with `docker buildx prune`, or on the registry's disk."
    elif _is_push(failure):
        at = None
        remedy = f"Check the registry {order.tag.registry}: it may be stopped, or its disk full."
        if refuses_login(reason):
            remedy = (
                f"docker login {order.tag.registry}; or set FLOWLIFT_IMAGE_USER and"
                " FLOWLIFT_IMAGE_PASSWORD."
            )
    elif "failed to resolve source metadata" in reason:
        remedy = "Check the image's name and tag, and whether its registry wants a login."
    elif lacking := _LACKING.search(reason):
        reason = f"{lacking[1]} is not in the build context"
        remedy = "Correct the path; what .dockerignore leaves out is not there either."
    shown = _shown(failure)
    return BuildError(f"The build failed: {reason}{shown}", remedy=remedy, at=at)


def _shown(failure: Failure) -> str:
    if not failure.lines:
        return ""
    lines: Iterable[str] = failure.lines
    return f"\n  {failure.step}\n" + "\n".join(f"  | {line}" for line in lines)
