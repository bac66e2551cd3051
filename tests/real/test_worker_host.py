"""A machine's K3s and Helm, in a scratch root, from a mirror with real Helm binaries.

What stands in for K3s is told in tests/real/mirrors.py.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from flowlift.worker import download
from tests.real.mirrors import ARCHITECTURE, K3S_NAME, STAND_IN_SYSTEMCTL, Mirror, serve
from tests.real.parts import MissingPartError, given, missing
from tests.real.platform import Result, flowlift
from tests.real.repositories import GitRepository

pytestmark = pytest.mark.real

K3S_OLD, K3S, K3S_FAR = "v1.32.7+k3s1", "v1.33.4+k3s1", "v1.35.0+k3s1"


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


# Helm ----------------------------------------------------------------------------------------


def test_helm_is_reported_missing_then_installed_and_runs(host: Host, helm3: str) -> None:
    host.pin(helm=helm3)
    seen = host.run("--check")
    assert seen.code == 1
    assert f"not installed, {helm3} is pinned" in seen.out
    assert not host.helm.exists()
    assert not list(host.root.iterdir())
    done = host.run()
    assert done.code == 0, done.err
    assert host.version() == helm3
    assert host.run("--check").code == 0


def test_what_is_right_is_not_touched_and_not_downloaded(host: Host, helm3: str) -> None:
    host.pin(helm=helm3)
    host.run()
    before = host.helm.stat()
    host.mirror.asked.clear()
    assert host.run().code == 0
    assert host.mirror.asked == []
    assert host.helm.stat().st_mtime_ns == before.st_mtime_ns
    assert host.helm.stat().st_ino == before.st_ino


def test_an_older_helm_is_upgraded_and_a_newer_one_kept(host: Host, helm3: str, helm4: str) -> None:
    host.pin(helm=helm3)
    host.run()
    host.pin(helm=helm4)
    assert host.state() == {"helm": "older"}
    assert host.run().code == 0
    assert host.version() == helm4
    host.pin(helm=helm3)
    assert host.state() == {"helm": "newer"}
    refused = host.run()
    assert refused.code == 1
    assert "--force" in refused.err
    assert host.version() == helm4
    assert host.run("--force").code == 0
    assert host.version() == helm3


def test_a_download_that_breaks_off_goes_on_where_it_ended(
    host: Host, helm3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "PAUSES", (0.0, 0.0, 0.0))
    host.pin(helm=helm3)
    host.mirror.breaks = [1_000_000, 2_000_000]
    done = host.run()
    assert done.code == 0, done.err
    name = f"helm-{helm3}-linux-{ARCHITECTURE}.tar.gz"
    asked = [line for line in host.mirror.asked if line.startswith(f"{name}") and "sum" not in line]
    assert asked == [name, f"{name} bytes=1000000-", f"{name} bytes=3000000-"]
    assert host.version() == helm3


def test_a_run_that_was_ended_is_taken_up_by_the_next(
    host: Host, helm3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "PAUSES", ())
    host.pin(helm=helm3)
    host.mirror.breaks = [1_500_000]
    failed = host.run()
    assert failed.code == 1
    assert "cannot be downloaded" in failed.err
    assert not host.helm.exists()
    assert host.run().code == 0
    assert any("bytes=1500000-" in line for line in host.mirror.asked)
    assert host.version() == helm3


def test_a_mirror_that_cannot_resume_gives_all_of_it_again(
    host: Host, helm3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "PAUSES", (0.0,))
    host.pin(helm=helm3)
    host.mirror.resumes = False
    host.mirror.breaks = [1_000_000]
    assert host.run().code == 0
    assert host.version() == helm3


def test_a_file_that_its_sum_does_not_fit_is_never_installed(host: Host, helm3: str) -> None:
    host.pin(helm=helm3)
    file = host.mirror.folder / f"helm-{helm3}-linux-{ARCHITECTURE}.tar.gz"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    done = host.run()
    assert done.code == 1
    assert "is not what its checksum says" in done.err
    assert not host.helm.exists()
    assert not list((host.root / "var/cache/flowlift").iterdir())


def test_a_pin_that_differs_from_the_release_s_sum_stops_it(host: Host, helm3: str) -> None:
    name = f"helm-{helm3}-linux-{ARCHITECTURE}.tar.gz"
    host.pin(helm=helm3, more=f'[worker.host.sha256]\n"{name}" = "{"0" * 64}"\n')
    done = host.run()
    assert done.code == 1
    assert f"is pinned as {'0' * 64}" in done.err
    assert not host.helm.exists()


def test_a_pin_alone_will_do_and_without_any_sum_nothing_is_installed(
    host: Host, helm3: str
) -> None:
    name = f"helm-{helm3}-linux-{ARCHITECTURE}.tar.gz"
    archive = host.mirror.folder / name
    (host.mirror.folder / f"{name}.sha256sum").unlink()
    host.pin(helm=helm3)
    done = host.run()
    assert done.code == 1
    assert "No checksum" in done.err
    sha256 = download.digest_of(archive)
    host.pin(helm=helm3, more=f'[worker.host.sha256]\n"{name}" = "{sha256}"\n')
    assert host.run().code == 0
    assert host.version() == helm3


def test_an_archive_of_another_version_is_not_taken(host: Host, helm3: str) -> None:
    _, program = real_helm("FLOWLIFT_TEST_HELM_3")
    host.mirror.put_helm("v3.99.0", program)
    host.pin(helm="v3.99.0")
    done = host.run()
    assert done.code == 1
    assert f"says it is {helm3}" in done.err
    assert not host.helm.exists()
    assert not list(host.helm.parent.iterdir())


def test_a_file_that_was_changed_after_its_installation_is_seen_and_mended(
    host: Host, helm3: str
) -> None:
    host.pin(helm=helm3)
    host.run()
    with host.helm.open("ab") as stream:
        stream.write(b"x")
    assert host.state() == {"helm": "altered"}
    assert host.run().code == 0
    assert host.state() == {"helm": "right"}


def test_a_program_that_does_not_run_is_replaced(host: Host, helm3: str) -> None:
    host.helm.parent.mkdir(parents=True)
    host.helm.write_text("#!/bin/sh\nexit 1\n")
    host.helm.chmod(0o755)
    host.pin(helm=helm3)
    assert host.state() == {"helm": "unknown"}
    assert host.run().code == 0
    assert host.version() == helm3


@pytest.mark.parametrize("text", ["3.18", "latest", "3.18.4"])
def test_a_pin_that_is_no_version_is_told(host: Host, text: str) -> None:
    host.pin(helm=text)
    done = host.run("--check")
    assert done.code == 2
    assert "is no version of helm" in done.err


def test_nothing_pinned_is_told(host: Host) -> None:
    host.pin()
    done = host.run()
    assert done.code == 2
    assert "No version of K3s or Helm is pinned" in done.err


def test_two_at_once_do_not_get_into_each_other_s_way(host: Host, helm3: str) -> None:
    import fcntl  # noqa: PLC0415

    host.pin(helm=helm3)
    receipts = host.root / "var/lib/flowlift/host"
    receipts.mkdir(parents=True)
    with (receipts / "lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        done = host.run()
    assert done.code == 1
    assert "Another `flowlift worker host` is at work" in done.err
    assert host.run().code == 0


# K3s, by what stands in for it ---------------------------------------------------------------


def test_k3s_gets_its_service_by_its_own_script_with_the_download_skipped(host: Host) -> None:
    host.mirror.put_k3s(K3S, host.answers, host.log)
    host.pin(k3s=K3S)
    assert host.state() == {"k3s": "missing"}
    done = host.run()
    assert done.code == 0, done.err
    said = host.log.read_text().splitlines()
    assert "INSTALL_K3S_SKIP_DOWNLOAD=true" in said
    assert f"INSTALL_K3S_BIN_DIR={host.k3s.parent}" in said
    # The script gets none of our secrets.
    assert not any(line.startswith(("FLOWLIFT_", "PREFECT_")) for line in said)
    assert host.state() == {"k3s": "right"}
    asked = [line.split()[0] for line in host.mirror.asked]
    assert f"{K3S}/{K3S_NAME}" in asked


def test_an_upgrade_keeps_the_service_as_it_was_made_and_restarts_it(host: Host) -> None:
    host.mirror.put_k3s(K3S_OLD, host.answers, host.log)
    host.mirror.put_k3s(K3S, host.answers, host.log)
    host.pin(k3s=K3S_OLD)
    host.run()
    unit = host.root / "etc/systemd/system/k3s.service"
    unit.write_text("ExecStart=k3s server --disable=traefik\n")
    host.log.unlink()
    host.pin(k3s=K3S)
    assert host.run().code == 0
    assert host.log.read_text() == "restart k3s\n"
    assert "--disable=traefik" in unit.read_text()
    assert host.state() == {"k3s": "right"}


def test_a_minor_version_is_not_skipped_without_force(host: Host) -> None:
    host.mirror.put_k3s(K3S, host.answers, host.log)
    host.mirror.put_k3s(K3S_FAR, host.answers, host.log)
    host.pin(k3s=K3S)
    host.run()
    host.pin(k3s=K3S_FAR)
    done = host.run()
    assert done.code == 1
    assert "Pin v1.34 first" in done.err
    assert host.run("--force").code == 0
    assert host.state() == {"k3s": "right"}


def test_a_script_that_fails_is_told_and_the_next_run_goes_on(host: Host) -> None:
    host.mirror.put_k3s(K3S, host.answers, host.log, more="echo no systemd >&2; exit 7")
    host.pin(k3s=K3S)
    done = host.run()
    assert done.code == 1
    assert "failed (7)" in done.err
    assert "no systemd" in done.err
    unit = host.root / "etc/systemd/system/k3s.service"
    unit.unlink()
    assert host.state() == {"k3s": "idle"}
    host.mirror.put_k3s(K3S, host.answers, host.log)
    for file in (host.root / "var/cache/flowlift").iterdir():
        assert file.name.endswith("install.sh")
    assert host.run().code == 0
    assert host.state() == {"k3s": "right"}


def test_k3s_that_has_stopped_is_seen_and_started(host: Host) -> None:
    host.mirror.put_k3s(K3S, host.answers, host.log)
    host.pin(k3s=K3S)
    host.run()
    host.answers.unlink()
    seen = host.run("--check")
    assert seen.code == 1
    assert "not running" in seen.out
    assert "was refused" in seen.out
    assert host.run().code == 0
    assert host.state() == {"k3s": "right"}


def test_k3s_s_own_sums_tell_a_binary_that_somebody_else_has_put_there(host: Host) -> None:
    host.mirror.put_k3s(K3S, host.answers, host.log)
    host.pin(k3s=K3S)
    host.run()
    (host.root / "var/lib/flowlift/host/k3s.json").unlink()
    assert host.state() == {"k3s": "right"}
    with host.k3s.open("a") as stream:
        stream.write("# changed\n")
    assert host.state() == {"k3s": "altered"}


def test_a_machine_that_will_not_do_is_told_why(
    host: Host, helm3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.pin(helm=helm3)
    monkeypatch.setattr("platform.machine", lambda: "mips")
    done = host.run()
    assert done.code == 1
    assert "its processor is mips" in done.err
    assert not host.helm.exists()
    seen = host.run("--check")
    assert "This machine will not do" in seen.out
