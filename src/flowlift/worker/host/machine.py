"""The machine that a worker runs on: whether it will do, and which K3s and Helm it has."""

from __future__ import annotations

import os
import platform
import re
import shutil
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from flowlift.worker.host.releases import ARCHITECTURES, Version, read_version

ToolName = Literal["k3s", "helm"]
State = Literal["right", "missing", "older", "newer", "altered", "idle", "unknown"]

K3S_PORTS = (6443, 10250)
SPACE = {"k3s": 2_000_000_000, "helm": 250_000_000}
"""Bytes that must be free: K3s unpacks itself and pulls images."""

MEMORY = 1_000_000_000
"""Bytes of memory that K3s with a worker needs at least."""

_ASK_TIMEOUT = 20.0
_WORDS = {"k3s": ("--version",), "helm": ("version", "--short")}
_SAID = re.compile(r"\bv\d+\.\d+\.\d+[0-9A-Za-z.+-]*")


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that the machine should have, and what it has.

    `state`: "right"; "missing"; "older" or "newer" than pinned; "altered" where the file is not
    what was installed or released; "idle" where K3s is there but has no service, or does not
    answer; "unknown" where it does not run.
    `found` is the version that it tells, `path` where it is, `why` says more.
    """

    name: ToolName
    pinned: str
    state: State
    found: str = ""
    path: str = ""
    why: str = ""

    @property
    def right(self) -> bool:
        """Whether nothing is to be done."""
        return self.state == "right"


@dataclass(frozen=True, slots=True)
class Machine:
    """This machine, as far as an installation is concerned. `root` is / but for tests.

    `environ` is that of the programs that are run.
    """

    root: Path
    environ: Mapping[str, str]

    @property
    def programs(self) -> Path:
        """Where programs are put."""
        return self.root / "usr/local/bin"

    @property
    def cache(self) -> Path:
        """Where downloads are kept until they are whole."""
        return self.root / "var/cache/flowlift"

    @property
    def receipts(self) -> Path:
        """Where it is noted what was installed."""
        return self.root / "var/lib/flowlift/host"

    @property
    def units(self) -> Path:
        """Where systemd's services are."""
        return self.root / "etc/systemd/system"

    @property
    def is_real(self) -> bool:
        """Whether this is the machine itself and no folder that stands for it."""
        return self.root == Path("/")

    @property
    def architecture(self) -> str:
        """The processor as releases name it, "" where none is made for it."""
        return ARCHITECTURES.get(platform.machine().lower(), "")

    def find(self, name: ToolName) -> Path | None:
        """The program as a shell here would find it; None where there is none."""
        own = self.programs / name
        if own.is_file():
            return own
        found = shutil.which(name, path=self.environ.get("PATH")) if self.is_real else None
        return Path(found) if found else None

    def version(self, program: Path, name: ToolName) -> tuple[str, Version | None]:
        """The version that a program tells of itself, "" where it tells none."""
        try:
            done = self._ask(program, *_WORDS[name])
        except (OSError, subprocess.TimeoutExpired):
            return "", None
        found = _SAID.search(done.stdout)
        if done.returncode or not found:
            return "", None
        text = found[0]
        if name == "helm":
            text = text.partition("+")[0]  # helm adds the commit that it was built from
        return text, read_version(text)

    def has_service(self) -> bool:
        """Whether K3s has a service already, whose flags an install script would lose."""
        places = (
            self.units / "k3s.service",
            self.root / "lib/systemd/system/k3s.service",
            self.root / "etc/init.d/k3s",
        )
        return any(place.is_file() for place in places)

    def answers(self, k3s: Path) -> str:
        """Why K3s's API does not answer, "" where it does."""
        try:
            done = self._ask(k3s, "kubectl", "get", "--raw", "/readyz")
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode == 0:
            return ""
        return (done.stderr or done.stdout).strip().rpartition("\n")[2] or "it says nothing"

    def _ask(self, program: Path, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(program), *words],
            env=dict(self.environ),
            capture_output=True,
            text=True,
            timeout=_ASK_TIMEOUT,
            check=False,
        )

    def unfit(self, names: tuple[ToolName, ...], *, installing: bool) -> list[str]:
        """Every reason for which this machine will not do; with `installing`, for writing too."""
        reasons = []
        if platform.system() != "Linux":
            return [f"it runs {platform.system() or 'no known system'}, and K3s needs Linux"]
        if not self.architecture:
            known = ", ".join(sorted(set(ARCHITECTURES.values())))
            reasons.append(f"its processor is {platform.machine()}; there are releases for {known}")
        if "k3s" in names:
            reasons += self._unfit_for_k3s()
        if installing:
            reasons += self._unwritable(names)
        return reasons

    def _unfit_for_k3s(self) -> list[str]:
        reasons = []
        memory = _memory()
        if memory and memory < MEMORY:
            reasons.append(f"it has {memory / 1e9:.1f} GB of memory, and K3s needs 1 GB at least")
        if not self.is_real:
            return reasons
        if not (shutil.which("systemctl") or Path("/sbin/openrc-run").exists()):
            reasons.append("it has neither systemd nor openrc, one of which starts K3s")
        if self.find("k3s") is None:
            taken = [port for port in K3S_PORTS if _is_taken(port)]
            reasons += [
                f"another program listens on port {port}, which K3s needs" for port in taken
            ]
        return reasons

    def _unwritable(self, names: tuple[ToolName, ...]) -> list[str]:
        reasons = []
        if self.is_real and os.geteuid() != 0:
            reasons.append("only root may install here: run it with sudo")
        existing = _existing(self.programs)
        if not os.access(existing, os.W_OK):
            reasons.append(f"{existing} cannot be written")
        free = shutil.disk_usage(existing).free
        needed = sum(SPACE[name] for name in names)
        if free < needed:
            reasons.append(
                f"{existing} has {free / 1e9:.1f} GB free, and {needed / 1e9:.1f} GB are needed"
            )
        return reasons


def _existing(path: Path) -> Path:
    """`path`, or the nearest folder above it that exists."""
    while not path.exists():
        path = path.parent
    return path


def _memory() -> int:
    """The machine's memory in bytes, 0 where it does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return 0


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return True
    return False
