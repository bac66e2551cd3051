"""A Docker engine, a builder for several platforms and registries, and a platform with an image.

CONTRIBUTING.md lists the variables by which they are given.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.parts.given import MissingPartError, given
from tests.parts.kept import Kept
from tests.parts.platform import Result, flowlift
from tests.parts.repositories import GitRepository
from tests.parts.servers import free_port

PART = "images"
INDEX = "application/vnd.oci.image.index.v1+json"
ACCEPT = ", ".join(
    (
        INDEX,
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
PLATFORMS = ["linux/amd64", "linux/arm64"]


@dataclass(frozen=True)
class Images:
    """The engine, the builder and the registries of this machine.

    `base` is an image with Python for both platforms in `registry`, `prefect` one with Prefect.
    """

    registry: str
    login_registry: str
    user: str
    password: str = field(repr=False)
    docker_host: str
    builder: str
    buildx_config: str
    base: str
    prefect: str

    @property
    def environ(self) -> dict[str, str]:
        """What Docker needs to find its engine and builder."""
        return {
            "DOCKER_HOST": self.docker_host,
            "BUILDX_BUILDER": self.builder,
            "BUILDX_CONFIG": self.buildx_config,
        }


def find_images() -> Images:
    """The parts as the environment gives them.

    Raises:
        MissingPartError: one is not given.
    """
    user, _, password = given("FLOWLIFT_TEST_REGISTRY_LOGIN", PART).partition(":")
    return Images(
        registry=given("FLOWLIFT_TEST_REGISTRY", PART),
        login_registry=given("FLOWLIFT_TEST_REGISTRY_AUTH", PART),
        user=user,
        password=password,
        docker_host=given("FLOWLIFT_TEST_DOCKER_HOST", PART),
        builder=given("FLOWLIFT_TEST_BUILDX_BUILDER", PART),
        buildx_config=given("FLOWLIFT_TEST_BUILDX_CONFIG", PART),
        base=given("FLOWLIFT_TEST_BASE_IMAGE", PART),
        prefect=given("FLOWLIFT_TEST_PREFECT_IMAGE", PART),
    )


@dataclass(frozen=True)
class RegistryView:
    """A repository in a registry seen from outside, by plain requests."""

    name: str
    login: tuple[str, str] | None = None

    def tags(self) -> list[str]:
        """All its tags, sorted."""
        answer = self._get("tags/list")
        return sorted(answer.json().get("tags") or []) if answer.is_success else []

    def content(self, at: str) -> bytes | None:
        """A manifest's bytes, None where there is none."""
        answer = self._get(f"manifests/{at}")
        return answer.content if answer.is_success else None

    def digest(self, at: str) -> str | None:
        """The digest that the registry says, None where there is nothing."""
        answer = self._get(f"manifests/{at}")
        return answer.headers["docker-content-digest"] if answer.is_success else None

    def manifest(self, at: str) -> dict[str, Any]:
        """A manifest that must be there."""
        content = self.content(at)
        assert content is not None, f"{self.name}:{at} is not there"
        document: dict[str, Any] = json.loads(content)
        return document

    def platforms(self, at: str) -> list[str]:
        """The platforms in an index, without its attestations."""
        found = [entry["platform"] for entry in self.manifest(at)["manifests"]]
        names = [f"{platform['os']}/{platform['architecture']}" for platform in found]
        return sorted(name for name in names if name != "unknown/unknown")

    def attestations(self, at: str) -> dict[str, list[dict[str, Any]]]:
        """The statements attested in an index: `provenance` and `sbom`."""
        found: dict[str, list[dict[str, Any]]] = {}
        for entry in self.manifest(at)["manifests"]:
            if entry["platform"]["os"] == "unknown":
                for layer in self.manifest(entry["digest"])["layers"]:
                    statement = self.blob(layer["digest"])
                    kind = "provenance" if "slsa" in statement["predicateType"] else "sbom"
                    found.setdefault(kind, []).append(statement)
        return found

    def config(self, at: str, platform: str = "linux/amd64") -> dict[str, Any]:
        """The configuration of one platform's image."""
        manifest = self.manifest(at)
        for entry in manifest.get("manifests", ()):
            if f"{entry['platform']['os']}/{entry['platform']['architecture']}" == platform:
                manifest = self.manifest(entry["digest"])
        return self.blob(manifest["config"]["digest"])

    def blob(self, digest: str) -> dict[str, Any]:
        """A blob that is JSON."""
        document: dict[str, Any] = self._get(f"blobs/{digest}").raise_for_status().json()
        return document

    def _get(self, path: str) -> httpx.Response:
        host, _, repository = self.name.partition("/")
        return httpx.get(
            f"http://{host}/v2/{repository}/{path}",
            headers={"Accept": ACCEPT},
            auth=httpx.BasicAuth(*self.login) if self.login else None,
            timeout=30,
            trust_env=False,
        )


DOCKERFILE = """\
FROM {base}
WORKDIR /opt/flows
COPY pyproject.toml ./
"""


@dataclass
class ImagePlatform:
    """A repository with an image, and the commands that are run on it.

    `settings` are those of `[tool.flowlift.image]`. SBOMs are off where a test is not about them.
    """

    repository: GitRepository
    images: Images
    version: str = "1.0.0"
    dockerfile: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    more: str = ""
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        name = f"{self.images.registry}/t{uuid.uuid4().hex[:10]}/flows"
        self.dockerfile = self.dockerfile or DOCKERFILE.format(base=self.images.base)
        self.settings = {
            "name": name,
            "dockerfile": "etc/docker/Dockerfile",
            "platforms": PLATFORMS,
            "sbom": False,
            **self.settings,
        }

    @property
    def name(self) -> str:
        """The image's repository."""
        return str(self.settings["name"])

    @property
    def registry(self) -> RegistryView:
        """The image's repository, seen from outside."""
        return RegistryView(self.name)

    def commit(self, message: str = "change", files: Mapping[str, str] | None = None) -> str:
        """Write what describes the image, and commit all."""
        lines = [f"{key} = {_toml(value)}" for key, value in self.settings.items()]
        project = f'[project]\nname = "flows"\nversion = "{self.version}"\n{self.more}\n'
        return self.repository.commit(
            message,
            {
                self.settings["dockerfile"]: self.dockerfile,
                "pyproject.toml": f"{project}\n[tool.flowlift.image]\n" + "\n".join(lines) + "\n",
                **(files or {}),
            },
        )

    def begin(self) -> None:
        """The first commit on main, pushed."""
        self.commit("begin")
        self.repository.push()

    def bump(self, version: str, branch: str = "feat/image") -> None:
        """A branch with the next version, pushed."""
        self.repository.switch(branch)
        self.version = version
        self.commit(f"Version {version}")
        self.repository.push()

    def flowlift(self, *arguments: str, environ: Mapping[str, str] | None = None) -> Result:
        """Run `flowlift image ...` in the repository, in this process."""
        return flowlift(
            ["image", arguments[0], "-C", str(self.repository.path), *arguments[1:]],
            {**self.images.environ, **self.environ, **(environ or {})},
        )

    def json(self, *arguments: str, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
        """What a command that must succeed prints with `--json`."""
        done = self.flowlift(*arguments, "--json", environ=environ)
        assert done.code == 0, done.err
        document: dict[str, Any] = json.loads(done.out)
        return document


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        pairs = (f'"{key}" = {_toml(item)}' for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    return json.dumps(value)


class OwnRegistry:
    """A registry of a test's own, that can be stopped and started again.

    `storage` is where it keeps its data. `delete` says whether it can delete.
    """

    def __init__(self, folder: Path, storage: Path | None = None, *, delete: bool = True) -> None:
        program = shutil.which("docker-registry") or shutil.which("registry")
        if program is None:
            raise MissingPartError("docker-registry is not installed: apt-get install it.")
        self.port = free_port()
        self._folder = folder
        self._command = [program, "serve", str(folder / "config.yml")]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.yml").write_text(
            "version: 0.1\nlog: {level: info, accesslog: {disabled: true}}\n"
            f"storage: {{filesystem: {{rootdirectory: {storage or folder / 'data'}}},"
            f" delete: {{enabled: {str(delete).lower()}}}}}\n"
            f"http: {{addr: '127.0.0.1:{self.port}'}}\n",
            encoding="utf-8",
        )
        self._process: Kept | None = None

    @property
    def host(self) -> str:
        """Its name in references."""
        return f"localhost:{self.port}"

    def start(self) -> None:
        """Start it; it answers on return."""
        self._process = Kept(self._folder / f"run-{uuid.uuid4().hex[:6]}")
        self._process.start(self._command, {"PATH": "/usr/bin:/bin"})
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.runs:
            try:
                httpx.get(f"http://127.0.0.1:{self.port}/v2/", trust_env=False).raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(f"A registry did not start:\n{self._process.last_lines()}")

    def stop(self) -> None:
        """Stop it, whatever it is doing."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def is_uploading(self) -> bool:
        """Whether something is being pushed just now."""
        return any(self._folder.glob("data/docker/registry/v2/repositories/**/_uploads/*/data"))


def docker(images: Images, *words: str) -> str:
    """What `docker WORDS...` prints."""
    return run(["docker", *words], images.environ)


def run(command: Sequence[str], environ: Mapping[str, str]) -> str:
    """What a program prints that must succeed."""
    done = subprocess.run(
        command, env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
