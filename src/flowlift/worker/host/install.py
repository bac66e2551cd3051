"""Putting K3s and Helm on a machine: downloaded, proven, and swapped in by one rename."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from flowlift.config.worker import Host
from flowlift.errors import LockedError, WorkerError
from flowlift.voice import SILENT, Voice
from flowlift.worker.host.download import digest_of, fetch, fetch_text
from flowlift.worker.host.machine import Machine, Tool, ToolName
from flowlift.worker.host.releases import (
    Download,
    expected_sum,
    helm_archive,
    k3s_binary,
    k3s_script,
    pinned,
)

READY_WITHIN = 180.0
"""Seconds that K3s may take until it answers."""

_SCRIPT_TIMEOUT = 600.0


@dataclass(frozen=True, slots=True)
class Installer:
    """Looks at a machine's tools, and installs what the configuration pins."""

    machine: Machine
    host: Host
    voice: Voice = SILENT
    ready_within: float = READY_WITHIN

    @property
    def wanted(self) -> dict[ToolName, str]:
        """The versions that the configuration pins, in the order in which they are installed."""
        versions: dict[ToolName, str | None] = {"k3s": self.host.k3s, "helm": self.host.helm}
        return {name: version for name, version in versions.items() if version}

    def look(self, name: ToolName) -> Tool:
        """What the machine has of a tool. Nothing is written.

        Raises:
            InputError: the configuration pins no version.
            WorkerError: a checksum cannot be had.
        """
        text = self.wanted[name]
        version = pinned(text, name)
        path = self.machine.find(name)
        if path is None:
            return Tool(name, text, "missing")
        said, found = self.machine.version(path, name)
        if found is None:
            why = f"{path} does not run, or tells no version"
            return Tool(name, text, "unknown", said, str(path), why)
        if found != version:
            state = "older" if found < version else "newer"
            return Tool(name, text, "older" if state == "older" else "newer", said, str(path))
        try:
            why = self._altered(name, text, path)
        except WorkerError as error:
            why = f"its checksum could not be compared: {error.message}"
            return Tool(name, text, "right", said, str(path), why)
        if why:
            return Tool(name, text, "altered", said, str(path), why)
        if name == "k3s" and (why := self._idle(path)):
            return Tool(name, text, "idle", said, str(path), why)
        return Tool(name, text, "right", said, str(path))

    def install(self, tool: Tool) -> None:
        """Bring a tool to the pinned version.

        Raises:
            WorkerError: it cannot be downloaded, is not what its checksum says, or does not run.
        """
        with _one_at_a_time(self.machine.receipts):
            if tool.name == "helm":
                self._install_helm(tool)
            else:
                self._install_k3s(tool)

    # Helm --------------------------------------------------------------------------------

    def _install_helm(self, tool: Tool) -> None:
        file = helm_archive(tool.pinned, self.machine.architecture, self.host)
        archive, sha256 = self._fetch(file, tool.pinned)
        member = f"linux-{self.machine.architecture}/helm"
        target = self.machine.programs / "helm"
        with _beside(target) as fresh:
            _unpack(archive, member, fresh)
            self._try_out(fresh, tool)
            _swap_in(fresh, target)
        self._note(tool, target, file, sha256)
        archive.unlink()
        self.voice.say(f"Installed helm {tool.pinned}")

    # K3s ---------------------------------------------------------------------------------

    def _install_k3s(self, tool: Tool) -> None:
        """A new machine gets its service by K3s's own script; else the service is restarted, as
        the script would write it anew and lose the flags that it was made with.
        """
        target = self.machine.programs / "k3s"
        script = None
        if not self.machine.has_service():
            # Before the binary, so that a machine has both or none.
            script, _ = self._fetch(k3s_script(tool.pinned, self.host), tool.pinned)
        if tool.state != "idle":
            self._put_k3s(tool, target)
        if script is not None:
            self.voice.say("Making K3s's service with its install script")
            self._run(["sh", str(script)], "K3s's install script")
            script.unlink()
        else:
            self.voice.say("Restarting K3s; pods go on running meanwhile")
            self._run(self._restart_command(), "The restart of K3s")
        self._await_k3s(target)
        self.voice.say(f"Installed k3s {tool.pinned}")

    def _put_k3s(self, tool: Tool, target: Path) -> None:
        file = k3s_binary(tool.pinned, self.machine.architecture, self.host)
        binary, sha256 = self._fetch(file, tool.pinned)
        with _beside(target) as fresh:
            shutil.copyfile(binary, fresh)
            self._try_out(fresh, tool)
            _swap_in(fresh, target)
        self._note(tool, target, file, sha256)
        binary.unlink()

    def _idle(self, path: Path) -> str:
        if not self.machine.has_service():
            return "it has no service"
        why = self.machine.answers(path)
        return f"it does not answer: {why}" if why else ""

    def _restart_command(self) -> list[str]:
        if shutil.which("systemctl", path=self.machine.environ.get("PATH")):
            return ["systemctl", "restart", "k3s"]
        return ["rc-service", "k3s", "restart"]

    def _run(self, command: list[str], what: str) -> None:
        ours = ("FLOWLIFT_", "PREFECT_")
        environ = {k: v for k, v in self.machine.environ.items() if not k.startswith(ours)}
        environ |= {
            "INSTALL_K3S_SKIP_DOWNLOAD": "true",
            "INSTALL_K3S_BIN_DIR": str(self.machine.programs),
            "INSTALL_K3S_SYSTEMD_DIR": str(self.machine.units),
        }
        try:
            done = subprocess.run(
                command,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=_SCRIPT_TIMEOUT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise WorkerError(
                f"{what} did not end well: {error}.", remedy="Look at: journalctl -u k3s"
            ) from None
        if done.returncode:
            said = "\n".join(done.stdout.strip().splitlines()[-5:]) or "it says nothing"
            raise WorkerError(
                f"{what} failed ({done.returncode}):\n{said}",
                remedy="Look at: journalctl -u k3s. Run again when it is mended: what is"
                " installed already stays.",
            )

    def _await_k3s(self, program: Path) -> None:
        """Wait until K3s's API answers."""
        deadline = time.monotonic() + self.ready_within
        while said := self.machine.answers(program):
            if time.monotonic() > deadline:
                break
            time.sleep(0.5)
        else:
            return
        raise WorkerError(
            f"K3s does not answer within {self.ready_within:.0f} s: {said}",
            remedy="Look at: systemctl status k3s, journalctl -u k3s",
        )

    # Both --------------------------------------------------------------------------------

    def _fetch(self, file: Download, version: str) -> tuple[Path, str]:
        """A file of a release on this machine, and its checksum."""
        sha256 = expected_sum(file, self.host)
        into = self.machine.cache / f"{version}-{file.name}"
        fetch(file.url, into, sha256, voice=self.voice)
        return into, sha256

    def _try_out(self, program: Path, tool: Tool) -> None:
        """Make sure that a program runs here before it takes the other's place."""
        program.chmod(0o755)
        said, found = self.machine.version(program, tool.name)
        if found != pinned(tool.pinned, tool.name):
            raise WorkerError(
                f"What was downloaded as {tool.name} {tool.pinned} says it is"
                f" {said or 'no version at all'}; nothing was installed.",
                remedy="Look at the mirror: it may hold another version, or another processor's.",
            )

    def _receipt(self, name: ToolName) -> Path:
        return self.machine.receipts / f"{name}.json"

    def _note(self, tool: Tool, target: Path, file: Download, sha256: str) -> None:
        """Note what was installed, so that a later look knows an altered file."""
        receipt = {
            "version": tool.pinned,
            "file": file.name,
            "sha256": sha256,
            "program": digest_of(target),
        }
        note = self._receipt(tool.name)
        note.parent.mkdir(parents=True, exist_ok=True)
        fresh = note.with_suffix(".new")
        fresh.write_text(json.dumps(receipt, indent=2) + "\n", encoding="utf-8")
        fresh.replace(note)

    def _altered(self, name: ToolName, version: str, path: Path) -> str:
        """Why a program of the right version is not the one that was released, "" where it is.

        K3s is released as it is installed, so its own sums tell. Helm comes in an archive, so only
        a note of the installation tells; where there is none, it is taken for right.
        """
        found = digest_of(path)
        try:
            receipt = json.loads(self._receipt(name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            receipt = {}
        if receipt.get("version") == version:
            wanted = str(receipt.get("program"))
        elif name == "k3s":
            file = k3s_binary(version, self.machine.architecture, self.host)
            wanted = expected_sum(file, self.host, fetch_text)
        else:
            return ""
        return "" if found == wanted else f"its SHA-256 is {found}, and should be {wanted}"


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Let no two installations run at once on a machine."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LockedError(
                "Another `flowlift worker host` is at work on this machine.",
                remedy="Wait for it, and run again.",
            ) from None
        yield


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A place for a new file beside `target`, so that it can be renamed; empty in the end."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new-{os.getpid()}")
    try:
        yield fresh
    finally:
        fresh.unlink(missing_ok=True)


def _swap_in(fresh: Path, target: Path) -> None:
    """Put `fresh` in `target`'s place: whoever starts it gets the old or the new, whole."""
    descriptor = os.open(fresh, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    fresh.replace(target)


def _unpack(archive: Path, member: str, into: Path) -> None:
    """Write one file of an archive to `into`, whatever else the archive holds."""
    try:
        with tarfile.open(archive, "r:gz") as packed, into.open("wb") as target:
            # Of a folder or a device there is no stream but None.
            shutil.copyfileobj(cast("IO[bytes]", packed.extractfile(member)), target)
    except (KeyError, AttributeError, tarfile.TarError, EOFError, OSError) as error:
        raise WorkerError(
            f"{archive.name} is no archive with {member} in it ({type(error).__name__}).",
            remedy="Look at the mirror: it may hold another file under this name.",
        ) from None
