"""Helm on a machine: a scratch root, and a mirror with real Helm binaries."""

from __future__ import annotations

import pytest

from flowlift.worker.host import download
from tests.parts.machines import Host, helm3, helm4, host, real_helm
from tests.parts.mirrors import ARCHITECTURE

__all__ = ["helm3", "helm4", "host"]

pytestmark = pytest.mark.real


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


def test_an_upgrade_that_fails_leaves_the_old_program_in_its_place(
    host: Host, helm3: str, helm4: str
) -> None:
    host.pin(helm=helm3)
    host.run()
    before = host.helm.stat()
    host.pin(helm=helm4)
    file = host.mirror.folder / f"helm-{helm4}-linux-{ARCHITECTURE}.tar.gz"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert host.run().code == 1
    assert host.version() == helm3
    assert host.helm.stat().st_ino == before.st_ino
    assert [item.name for item in host.helm.parent.iterdir()] == ["helm"]
    file.write_bytes(whole)
    assert host.run().code == 0
    assert host.version() == helm4
    # One rename: whoever runs the old program keeps its file.
    assert host.helm.stat().st_ino != before.st_ino


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
