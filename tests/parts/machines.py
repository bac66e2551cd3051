"""A folder that stands for a machine, with a mirror of releases and a repository that pins them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.parts.given import MissingPartError, given, missing
from tests.parts.mirrors import STAND_IN_SYSTEMCTL, Mirror, serve
from tests.parts.platform import Result, flowlift
from tests.parts.repositories import GitRepository


def real_helm(variable: str) -> tuple[str, Path]:
    """A real Helm and its version."""
    try:
        program = Path(given(variable, "cluster"))
    except MissingPartError as reason:
        missing(str(reason))
    said = subprocess.run(
        [program, "version", "--short"], capture_output=True, text=True, check=True
    )
    return said.stdout.strip().partition("+")[0], program


@dataclass
class Host:
    """A folder that stands for a machine, a mirror, and a repository that pins versions."""

    repository: GitRepository
    mirror: Mirror
    root: Path
    stand_ins: Path

    @property
    def helm(self) -> Path:
        return self.root / "usr/local/bin/helm"

    @property
    def k3s(self) -> Path:
        return self.root / "usr/local/bin/k3s"

    @property
    def log(self) -> Path:
        return self.stand_ins / "log"

    @property
    def answers(self) -> Path:
        return self.stand_ins / "answers"

    def pin(self, *, k3s: str = "", helm: str = "", more: str = "") -> None:
        pins = "".join(
            f'{name} = "{version}"\n' for name, version in (("k3s", k3s), ("helm", helm)) if version
        )
        config = (
            f'[worker]\nvalues = "v.yaml"\n[worker.host]\n{pins}'
            f'[worker.host.mirrors]\nhelm = "{self.mirror.url}"\nk3s = "{self.mirror.url}"\n{more}'
        )
        self.repository.commit("pin", {"flowlift.toml": config})

    def run(self, *words: str) -> Result:
        arguments = ["worker", "host", "dev", "--root", str(self.root), *words]
        environ = {
            "PATH": f"{self.stand_ins}{os.pathsep}{os.environ['PATH']}",
            "FLOWLIFT_DEV_API_KEY": "hunter2",
        }
        return flowlift([*arguments, "-C", str(self.repository.path)], environ)

    def state(self, *words: str) -> dict[str, str]:
        document = json.loads(self.run("--check", "--json", *words).out)
        return {tool["name"]: tool["state"] for tool in document["tools"]}

    def version(self) -> str:
        """What the installed Helm says of itself."""
        command = [str(self.helm), "version", "--short"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout.strip().partition("+")[0]


@pytest.fixture
def host(tmp_path: Path, git_repository: GitRepository) -> Iterator[Host]:
    with serve(tmp_path / "mirror") as mirror:
        made = Host(git_repository, mirror, tmp_path / "root", tmp_path / "stand-ins")
        made.root.mkdir()
        made.stand_ins.mkdir()
        systemctl = made.stand_ins / "systemctl"
        systemctl.write_text(STAND_IN_SYSTEMCTL.format(log=made.log, answers=made.answers))
        systemctl.chmod(0o755)
        yield made


@pytest.fixture
def helm3(host: Host) -> str:
    version, program = real_helm("FLOWLIFT_TEST_HELM_3")
    host.mirror.put_helm(version, program)
    return version


@pytest.fixture
def helm4(host: Host) -> str:
    version, program = real_helm("FLOWLIFT_TEST_HELM")
    host.mirror.put_helm(version, program)
    return version
