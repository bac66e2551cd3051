"""Deployments: flowlift beside `prefect deploy --all` and beside the floor, in one run.

    python -m bench.deployments [--quick] [--without-peer] [--slow-zones]

Every cell is a whole process, started as a user starts it: the median of the runs. `--quick`
leaves out the 500. `--slow-zones` measures against a server that was started without
`PYTHONTZPATH=`, as most are.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bench import platforms
from bench.floor import post
from bench.installed import flowlift
from tests.parts import servers
from tests.parts.proxy import Proxy

BIN = Path(sys.executable).parent
RUNS = 3


@dataclass
class Cell:
    """Seconds of each run, and the largest peak memory in MB."""

    seconds: list[float] = field(default_factory=list)
    memory: float = 0.0

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


@dataclass
class Row:
    work: str
    flowlift: Cell
    floor: Cell | None = None
    peer: Cell | None = None
    writes: int | None = None
    bar: str = ""


def run(command: Sequence[str], cwd: Path, environ: dict[str, str], cell: Cell) -> None:
    """Run a command to its end, and note its time and peak memory."""
    with tempfile.TemporaryFile() as out:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, env={**os.environ, **environ}, stdout=out, stderr=out
        )
        _, status, usage = os.wait4(process.pid, 0)
        cell.seconds.append(time.perf_counter() - begun)
        process.returncode = os.waitstatus_to_exitcode(status)
        cell.memory = max(cell.memory, usage.ru_maxrss / 1024)
        if process.returncode:
            out.seek(0)
            raise RuntimeError(f"{command}: {out.read().decode()[-3000:]}")


class Bench:
    """A server, and the three ways to bring a platform to it."""

    def __init__(self, folder: Path, server: servers.Server, *, peer: bool) -> None:
        self.folder = folder
        self.server = server
        self.peer = peer
        self.rows: list[Row] = []

    def clear(self) -> None:
        """Delete all deployments."""
        with httpx.Client(base_url=self.server.url, timeout=60) as client:
            while ids := [item["id"] for item in post(client, "/deployments/filter", {})]:
                for identifier in ids:
                    with contextlib.suppress(httpx.TransportError):
                        client.delete(f"/deployments/{identifier}")

    def flowlift(self, root: Path, cell: Cell, *arguments: str, url: str = "") -> None:
        address = url or self.server.url
        environ = {"FLOWLIFT_PROD_API_URL": address, "FLOWLIFT_DEV_API_URL": address}
        run([flowlift(), *arguments], root, environ, cell)

    def floor(self, work: str, count: int, cell: Cell) -> None:
        command = [sys.executable, "-m", "bench.floor", self.server.url, work, str(count)]
        run(command, Path(__file__).parent.parent, {}, cell)

    def prefect(self, root: Path, cell: Cell) -> None:
        environ = {"PREFECT_API_URL": self.server.url, "PREFECT_HOME": str(self.folder / "home")}
        run([str(BIN / "prefect"), "--no-prompt", "deploy", "--all"], root, environ, cell)

    def size(self, count: int) -> None:
        """All work on a platform of one size."""
        root = platforms.make(self.folder / f"p{count}", count)
        remote = root.parent / "platform.git"
        first = Row(f"{count}, first apply", Cell(), Cell(), Cell() if self.peer else None)
        same = Row(f"{count}, nothing changed", Cell(), Cell(), Cell() if self.peer else None)
        for _ in range(RUNS if count < 100 else 1):
            self.clear()
            self.floor("first", count, first.floor or Cell())
            self.clear()
            self.flowlift(root, first.flowlift, "apply", "prod", "--yes")
            if first.peer:
                self.clear()
                self.prefect(root, first.peer)
                # Its own state again: it refuses to update schedules that have slugs.
                self.prefect(root, same.peer or Cell())
                self.clear()
                self.flowlift(root, Cell(), "apply", "prod", "--yes")
        for _ in range(RUNS):
            self.floor("same", count, same.floor or Cell())
            self.flowlift(root, same.flowlift, "apply", "prod", "--yes")
        with Proxy(self.server.url) as proxy:
            self.flowlift(root, Cell(), "apply", "prod", "--yes", url=proxy.url)
            same.writes = len(list(proxy.writes))
        one = Row(f"{count}, one changed, all in scope", Cell(), Cell())
        for turn in range(RUNS + 1):
            platforms.write_manifest(root, remote, count, {0: 1000 + turn})
            platforms.git(root, "commit", "--quiet", "-am", f"change {turn}")
            platforms.git(root, "push", "--quiet")
            if turn < RUNS:
                self.flowlift(root, one.flowlift, "apply", "prod", "--yes")
                continue
            with Proxy(self.server.url) as proxy:
                self.flowlift(root, Cell(), "apply", "prod", "--yes", url=proxy.url)
                one.writes = sum(r.path == "/deployments/" for r in proxy.writes)
        for _ in range(RUNS):
            self.floor("one", count, one.floor or Cell())
        self.flowlift(root, Cell(), "apply", "prod", "--yes")
        changed = Row(f"{count}, one changed, --scope changed", Cell())
        for turn in range(RUNS):
            platforms.git(root, "switch", "--quiet", "-c", f"feat/{turn}", "main")
            platforms.write_manifest(root, remote, count, {0: 1000 + RUNS, count - 1 - turn: 7000})
            platforms.git(root, "commit", "--quiet", "-am", f"change {turn}")
            platforms.git(root, "push", "--quiet", "-u", "origin", f"feat/{turn}")
            self.flowlift(root, changed.flowlift, "apply", "dev", "--yes", "--take-over")
        platforms.git(root, "switch", "--quiet", "main")
        self.rows += [first, same, one, changed]

    def table(self) -> str:
        """The rows as a table in markdown."""
        lines = [
            "| work | flowlift | floor | x floor | `prefect deploy --all` | writes | peak memory |",
            "| --- | --- | --- | --- | --- | --- | --- |",
        ]
        for row in self.rows:
            floor, peer = row.floor, row.peer
            lines.append(
                f"| {row.work} | {row.flowlift.median:.2f} s"
                f" | {f'{floor.median:.2f} s' if floor else ''}"
                f" | {f'{row.flowlift.median / floor.median:.2f}' if floor else ''}"
                f" | {f'{peer.median:.1f} s' if peer else ''}"
                f" | {'' if row.writes is None else row.writes}"
                f" | {row.flowlift.memory:.0f} MB{f' / {peer.memory:.0f} MB' if peer else ''} |"
            )
        return "\n".join(lines)


def local(bench: Bench) -> None:
    """What needs no server: the help, and a wide plan."""
    here = Path(__file__).parent
    helped = Row("`flowlift --help`", Cell(), peer=Cell() if bench.peer else None)
    for _ in range(5):
        bench.flowlift(here, helped.flowlift, "--help")
        if helped.peer:
            run([str(BIN / "prefect"), "--help"], here, {}, helped.peer)
    root = platforms.make_wide(bench.folder / "wide")
    wide = Row("plan of 1,000 over 5,000 files, one file changed, cold", Cell())
    for turn in range(RUNS):
        cold = bench.folder / f"cache-{turn}"
        environ = {
            "FLOWLIFT_DEV_API_URL": bench.server.url,
            "FLOWLIFT_PROD_API_URL": bench.server.url,
            "XDG_CACHE_HOME": str(cold),
        }
        run([flowlift(), "plan", "dev", "--json"], root, environ, wide.flowlift)
    bench.rows += [helped, wide]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the 500")
    parser.add_argument("--without-peer", action="store_true", help="leave prefect deploy out")
    parser.add_argument("--slow-zones", action="store_true", help="a server without PYTHONTZPATH=")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flowlift-bench-") as name:
        folder = Path(name)
        zones = {} if not arguments.slow_zones else {"PYTHONTZPATH": os.pathsep.join(ZONES)}
        server = servers.start_server(folder / "server", env=zones)
        try:
            servers.create_process_pool(server, "bench")
            bench = Bench(folder, server, peer=not arguments.without_peer)
            local(bench)
            for count in (50,) if arguments.quick else (50, 500):
                bench.size(count)
            print(bench.table())
        finally:
            server.stop()


ZONES = ("/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo")
"""Where Python looks for time zones by itself."""


if __name__ == "__main__":
    main()
