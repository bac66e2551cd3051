"""K3s on a machine: a scratch root, and what stands in for K3s, told in tests/parts/mirrors.py."""

from __future__ import annotations

import json

import pytest

from tests.parts.machines import Host, helm3, host
from tests.parts.mirrors import ARCHITECTURE, K3S_NAME

__all__ = ["helm3", "host"]

pytestmark = pytest.mark.real

K3S_OLD, K3S, K3S_FAR = "v1.32.7+k3s1", "v1.33.4+k3s1", "v1.35.0+k3s1"


def test_k3s_comes_before_helm_and_each_step_is_told(host: Host, helm3: str) -> None:
    host.mirror.put_k3s(K3S, host.answers, host.log)
    host.pin(k3s=K3S, helm=helm3)
    done = host.run()
    assert done.code == 0, done.err
    archive = f"helm-{helm3}-linux-{ARCHITECTURE}.tar.gz"
    assert done.err.splitlines() == [
        f"Downloading {host.mirror.url}/{K3S.replace('+', '%2B')}/install.sh",
        f"Downloading {host.mirror.url}/{K3S.replace('+', '%2B')}/{K3S_NAME}",
        "Making K3s's service with its install script",
        f"Installed k3s {K3S}",
        f"Downloading {host.mirror.url}/{archive}",
        f"Installed helm {helm3}",
    ]
    assert done.out == f"k3s   {K3S}: as pinned\nhelm  {helm3}: as pinned\n"
    told = json.loads(host.run("--json").out)
    assert (told["right"], told["installed"], told["unfit"]) == (True, [], [])


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
    # Nor is it taken back.
    host.pin(k3s=K3S)
    assert host.state() == {"k3s": "newer"}
    done = host.run()
    assert done.code == 1
    assert f"k3s {K3S_FAR} is installed, which is newer than the pinned {K3S}" in done.err
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
