"""Why a machine will not do, all reasons at once."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowlift.worker.host import machine
from flowlift.worker.host.machine import Machine


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with too little of everything, and a user who is not root."""
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(machine, "_memory", lambda: 512_000_000)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=100_000_000))
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A port that K3s would need, and that somebody listens on."""
    with socket.socket() as other:
        other.bind(("", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setattr(machine, "K3S_PORTS", (port,))
        yield port


@pytest.mark.usefixtures("small")
def test_every_reason_is_told_at_once(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Machine, "find", lambda self, name: None)
    told = Machine(Path("/"), {}).unfit(("k3s", "helm"), installing=True)
    said = "\n".join(told)
    assert "it has 0.5 GB of memory, and K3s needs 1 GB at least" in said
    assert f"another program listens on port {taken}, which K3s needs" in said
    assert "only root may install here: run it with sudo" in said
    assert "has 0.1 GB free, and 2.2 GB are needed" in said


@pytest.mark.usefixtures("small")
def test_a_look_needs_no_rights_and_helm_no_memory(tmp_path: Path) -> None:
    assert Machine(tmp_path, {}).unfit(("helm",), installing=False) == []
    (said,) = Machine(tmp_path, {}).unfit(("helm",), installing=True)
    assert "0.1 GB free, and 0.2 GB are needed" in said


def test_another_system_is_the_one_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    told = Machine(Path("/"), {}).unfit(("k3s",), installing=True)
    assert told == ["it runs Darwin, and K3s needs Linux"]


def test_k3s_that_is_there_may_listen_on_its_own_ports(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert taken
    monkeypatch.setattr(Machine, "find", lambda self, name: Path("/usr/local/bin/k3s"))
    told = Machine(Path("/"), {}).unfit(("k3s",), installing=False)
    assert not any("listens on port" in reason for reason in told)
