"""`worker host`: K3s and Helm on the machine that an environment's worker runs on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from flowlift.config.worker import Host
from flowlift.errors import ConfigError, WorkerError
from flowlift.project.project import Project
from flowlift.voice import Voice
from flowlift.worker.host.install import Installer
from flowlift.worker.host.machine import Machine, Tool, ToolName
from flowlift.worker.host.releases import Version, pinned, read_version
from flowlift.worker.prepare import workers_of


@dataclass(frozen=True, slots=True)
class HostReport:
    """A machine's tools after the command, and the names of those that it installed.

    `unfit` are the reasons for which the machine will not do.
    """

    environment: str
    tools: tuple[Tool, ...]
    installed: tuple[ToolName, ...] = ()
    unfit: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        """Whether the machine has everything, as pinned."""
        return not self.unfit and all(tool.right for tool in self.tools)


def bring_host(
    project: Project,
    environment: str,
    voice: Voice,
    *,
    check: bool = False,
    force: bool = False,
    root: Path = Path("/"),
) -> HostReport:
    """Bring this machine to the pinned versions; with `check`, only report.

    `force` also goes back to an older version, or skips a minor one of Kubernetes.

    Raises:
        ConfigError: nothing is pinned for the environment.
        WorkerError: the machine will not do, a version would go back, or an installation failed.
    """
    machine = Machine(root, project.environ)
    installer = Installer(machine, _host_of(project, environment), voice)
    names = tuple(installer.wanted)
    tools = tuple(installer.look(name) for name in names)
    todo = tuple(tool for tool in tools if not tool.right)
    report = HostReport(environment, tools)
    unfit = tuple(machine.unfit(names, installing=bool(todo) and not check))
    if check:
        return replace(report, unfit=unfit)
    if todo and unfit:
        raise WorkerError(
            f"This machine will not do: {'; '.join(unfit)}.", remedy="Nothing was installed."
        )
    for tool in todo:
        if not force:
            _refuse_step(tool)
    for tool in todo:
        installer.install(tool)
    after = tuple(installer.look(name) for name in names)
    return HostReport(environment, after, tuple(tool.name for tool in todo))


def _host_of(project: Project, environment: str) -> Host:
    found = [worker.host for worker in workers_of(project, environment) if worker.host != Host()]
    pins = [host for host in found if host.k3s or host.helm]
    if not pins:
        raise ConfigError(
            f"No version of K3s or Helm is pinned for {environment}.",
            remedy='Add [tool.flowlift.worker.host] with k3s = "v1.33.4+k3s1" and'
            ' helm = "v3.18.4".',
        )
    if any(host != pins[0] for host in pins):
        raise ConfigError(
            f"The workers of {environment} pin different versions for their host.",
            remedy="Pin the same for all of them, or give each its own `environments`.",
        )
    return pins[0]


def _refuse_step(tool: Tool) -> None:
    """Refuse to go back, or to skip a minor version of Kubernetes, which it does not support."""
    found, wanted = read_version(tool.found), pinned(tool.pinned, tool.name)
    if tool.state == "newer":
        raise WorkerError(
            f"{tool.name} {tool.found} is installed, which is newer than the pinned {tool.pinned}:"
            " it is not taken back by itself.",
            remedy="Raise the pin in [tool.flowlift.worker.host], or run again with --force.",
        )
    if tool.name == "k3s" and found is not None and _skips(found, wanted):
        raise WorkerError(
            f"k3s {tool.found} is installed: from there to {tool.pinned} skips a minor version,"
            " which Kubernetes does not support.",
            remedy=f"Pin v{found.major}.{found.minor + 1} first, then the next; or run again with"
            " --force.",
        )


def _skips(found: Version, wanted: Version) -> bool:
    return found.major == wanted.major and wanted.minor > found.minor + 1
