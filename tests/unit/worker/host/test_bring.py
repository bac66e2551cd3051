"""`worker host`: what is installed, what is refused, and that a check changes nothing.

The installer and the machine are stand-ins; `tests/real/worker/host` has the real ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from flowlift.errors import ConfigError, WorkerError
from flowlift.voice import SILENT
from flowlift.worker.host import bring
from flowlift.worker.host.bring import HostReport, bring_host
from flowlift.worker.host.machine import Machine, State, Tool, ToolName
from tests.parts.projects import project_at

K3S, HELM = "v1.33.4+k3s1", "v3.18.4"


@dataclass
class StandInInstaller:
    """Has of each tool what it was told, and the pinned version once that was installed."""

    wanted: dict[ToolName, str]
    found: dict[ToolName, tuple[State, str]]
    installed: list[str] = field(default_factory=list)

    def look(self, name: ToolName) -> Tool:
        state, version = self.found.get(name, ("missing", ""))
        return Tool(name, self.wanted[name], state, version)

    def install(self, tool: Tool) -> None:
        self.installed.append(tool.name)
        self.found[tool.name] = ("right", tool.pinned)


@pytest.fixture
def unfit(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The reasons for which the machine will not do: none, until a test adds one."""
    reasons: list[str] = []
    monkeypatch.setattr(
        Machine, "unfit", lambda self, names, *, installing: reasons if installing else []
    )
    yield reasons


@pytest.fixture
def installer(monkeypatch: pytest.MonkeyPatch, unfit: list[str]) -> StandInInstaller:
    made = StandInInstaller({"k3s": K3S, "helm": HELM}, {})
    monkeypatch.setattr(bring, "Installer", lambda *given, **more: made)
    return made


def brought(tmp_path: Path, *workers: dict[str, Any], **options: Any) -> HostReport:
    listed = workers or ({"host": {"k3s": K3S, "helm": HELM}},)
    return bring_host(project_at(tmp_path, {"worker": list(listed)}), "dev", SILENT, **options)


def test_what_is_missing_is_installed_and_what_is_right_left_alone(
    tmp_path: Path, installer: StandInInstaller
) -> None:
    installer.found["helm"] = ("right", HELM)
    report = brought(tmp_path)
    assert installer.installed == ["k3s"]
    assert report.installed == ("k3s",)
    assert report.right
    assert brought(tmp_path).installed == ()


def test_a_check_installs_nothing_and_tells_what_differs(
    tmp_path: Path, installer: StandInInstaller
) -> None:
    installer.found["helm"] = ("altered", HELM)
    report = brought(tmp_path, check=True)
    assert installer.installed == []
    assert [tool.state for tool in report.tools] == ["missing", "altered"]
    assert not report.right


def test_a_machine_that_will_not_do_is_told_before_anything_is_installed(
    tmp_path: Path, installer: StandInInstaller, unfit: list[str]
) -> None:
    unfit += ["it has too little memory", "only root may install here"]
    with pytest.raises(WorkerError, match="memory; only root may install here") as caught:
        brought(tmp_path)
    assert caught.value.remedy == "Nothing was installed."
    assert installer.installed == []
    # Where nothing is to be installed, nobody asks for the right to do so.
    installer.found = {"k3s": ("right", K3S), "helm": ("right", HELM)}
    assert brought(tmp_path).right


def test_a_newer_version_is_not_taken_back_by_itself(
    tmp_path: Path, installer: StandInInstaller
) -> None:
    installer.found = {"k3s": ("missing", ""), "helm": ("newer", "v4.0.0")}
    with pytest.raises(WorkerError, match=r"helm v4\.0\.0 is installed, which is newer"):
        brought(tmp_path)
    assert installer.installed == []
    assert brought(tmp_path, force=True).installed == ("k3s", "helm")


@pytest.mark.parametrize(
    ("found", "refused"),
    [("v1.31.9+k3s1", True), ("v1.32.1+k3s2", False), ("v1.33.1+k3s1", False)],
)
def test_a_minor_version_of_kubernetes_is_not_skipped(
    tmp_path: Path, installer: StandInInstaller, found: str, refused: bool
) -> None:
    installer.found = {"k3s": ("older", found), "helm": ("older", "v3.2.0")}
    if not refused:
        assert brought(tmp_path).installed == ("k3s", "helm")
        return
    with pytest.raises(WorkerError, match="skips a minor version") as caught:
        brought(tmp_path)
    assert caught.value.remedy.startswith("Pin v1.32 first")


def test_nothing_pinned_is_a_mistake_of_the_configuration(
    tmp_path: Path, installer: StandInInstaller
) -> None:
    with pytest.raises(ConfigError, match="No version of K3s or Helm is pinned for dev"):
        brought(tmp_path, {"release": "a"})


def test_workers_on_one_host_pin_the_same(tmp_path: Path, installer: StandInInstaller) -> None:
    one, other = {"host": {"helm": HELM}}, {"release": "b", "host": {"helm": "v4.0.0"}}
    with pytest.raises(ConfigError, match="pin different versions"):
        brought(tmp_path, one, other)
    brought(tmp_path, one, {"release": "b"})
    brought(tmp_path, one, other | {"environments": ["prod"]})
