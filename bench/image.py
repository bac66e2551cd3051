"""The flows image: flowlift beside `docker buildx` on the same image, in one run.

    python -m bench.image

The image is the one that `flowlift init` writes: Prefect, locked, compiled, for two platforms. The
engine, the builder and the registry are those of the tests (CONTRIBUTING.md). Every cell is a whole
process, started as a user starts it: the median of the runs, and the fastest.
`FLOWLIFT_BENCH_BUILDKITD` names a buildkitd to start anew, as each job of a hosted CI has it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from bench.deployments import Cell, run
from bench.installed import flowlift
from tests.parts.given import MissingPartError
from tests.parts.images import PLATFORMS, Images, docker, find_images
from tests.parts.repositories import create_repository
from tests.parts.slow import SlowLine

UV = str(Path(sys.executable).parent / "uv")
RUNS = 7
NAME = f"bench-{uuid.uuid4().hex[:8]}/flows"
FAR = 0.05
THIRD, QUICK = "<= 0.33", "< 0.4 s"
PATIENCE = 30.0


@dataclass
class Row:
    work: str
    flowlift: Cell
    other: str = ""
    peer: Cell | None = None
    bar: str = ""

    def line(self) -> str:
        """The row in markdown: medians, and the fastest in brackets."""
        ratio = f"{self.flowlift.median / self.peer.median:.2f}" if self.peer else ""
        return (
            f"| {self.work} | {_shown(self.flowlift)} | {self.other}"
            f" | {_shown(self.peer) if self.peer else ''} | {ratio} | {self.bar} |"
        )


def _shown(cell: Cell) -> str:
    return f"{cell.median:.2f} s ({min(cell.seconds):.2f})"


class Bench:
    """A platform as `flowlift init` writes it, with the image `name`."""

    def __init__(self, folder: Path, images: Images, name: str) -> None:
        self.images = images
        self.name = f"{images.registry}/{name}"
        self.repository = create_repository(folder)
        self.root = self.repository.path
        run([flowlift(), "init", "--name", "edp"], self.root, {}, Cell())
        project = self.root / "pyproject.toml"
        image = f'[tool.flowlift.image]\nname = "{self.name}"\nplatforms = {PLATFORMS}\n'
        project.write_text(project.read_text("utf-8") + image.replace("'", '"'), "utf-8")
        self.commit("0.1.0")
        self.rows: list[Row] = []

    def commit(self, version: str) -> None:
        """The next version, committed and pushed."""
        project = self.root / "pyproject.toml"
        text = re.sub(
            r'(?m)^version = "[^"]*"', f'version = "{version}"', project.read_text("utf-8")
        )
        project.write_text(text, "utf-8")
        run([UV, "lock", "--quiet"], self.root, {}, Cell())
        self.repository.commit(f"Version {version}")
        self.repository.push()

    def flowlift(self, *words: str) -> Callable[[Cell], None]:
        """`flowlift image ...` as a process."""
        return lambda cell: run([flowlift(), "image", *words], self.root, self.images.environ, cell)

    def docker(self, *words: str) -> Callable[[Cell], None]:
        """`docker ...` as a process."""
        return lambda cell: run(["docker", *words], self.root, self.images.environ, cell)

    def build_words(self, *more: str) -> list[str]:
        """What builds the same image by hand."""
        words = ["buildx", "build", "--push", "--platform", "linux/amd64,linux/arm64"]
        words += ["--file", "etc/docker/Dockerfile", "--tag", f"{self.name}:by-hand"]
        return [*words, *more, "."]

    def side_by_side(
        self,
        work: str,
        flowlift: Callable[[Cell], None],
        other: str,
        peer: Callable[[Cell], None],
        bar: str = "",
    ) -> None:
        """Run both in turns, so that what else the machine does is fair to both."""
        mine, theirs = Cell(), Cell()
        for _ in range(RUNS):
            flowlift(mine)
            peer(theirs)
        self.rows.append(Row(work, mine, other, theirs, bar))

    def alone(self, work: str, flowlift: Callable[[Cell], None], bar: str) -> None:
        """Run what nothing else does."""
        row = Row(work, Cell(), bar=bar)
        for _ in range(RUNS):
            flowlift(row.flowlift)
        self.rows.append(row)

    def table(self) -> str:
        """The rows as a table in markdown."""
        lines = [
            "| work | flowlift | beside | its time | ratio | bar |",
            "| --- | --- | --- | --- | --- | --- |",
            *(row.line() for row in self.rows),
        ]
        return "\n".join(lines)


def measure(bench: Bench, folder: Path) -> None:
    """All rows."""
    provenance = ("--provenance=mode=max",)
    for first in (bench.flowlift("build"), bench.docker(*bench.build_words(*provenance))):
        first(Cell())
    same = bench.flowlift("build")
    bench.side_by_side(
        "nothing changed: `image build`",
        same,
        "warm `docker buildx build --push`, the same attestations",
        bench.docker(*bench.build_words(*provenance)),
        THIRD,
    )
    bench.side_by_side(
        "nothing changed: `image build`",
        same,
        "the same without attestations",
        bench.docker(*bench.build_words("--provenance=false")),
    )
    far_registry(bench, folder)
    if program := os.environ.get("FLOWLIFT_BENCH_BUILDKITD"):
        fresh_builder(bench, folder, program)
    retag = ("buildx", "imagetools", "create", "--tag", f"{bench.name}:by-hand-2")
    bench.side_by_side(
        "nothing changed: `image build`",
        same,
        "a tag alone: `docker buildx imagetools create`",
        bench.docker(*retag, f"{bench.name}:by-hand"),
    )
    bench.flowlift("promote")(Cell())
    bench.side_by_side(
        "`image promote`, released already",
        bench.flowlift("promote"),
        "warm rebuild",
        bench.docker(*bench.build_words(*provenance)),
    )
    promote_anew(bench)
    bench.alone("`image check`, nothing changed", bench.flowlift("check"), QUICK)
    bench.repository.switch("feat/next")
    bench.commit("0.3.0")
    work = "`image check`, changed: remote and registry asked"
    bench.alone(work, bench.flowlift("check"), QUICK)


def promote_anew(bench: Bench) -> None:
    """A first promotion, beside a build of the same commit without any cache."""
    mine, theirs = Cell(), Cell()
    bench.commit("0.2.0")
    bench.flowlift("build")(Cell())
    bench.flowlift("promote")(mine)
    bench.docker(*bench.build_words("--no-cache", "--provenance=mode=max"))(theirs)
    work = "`image promote`, of a tested image"
    bench.rows.append(Row(work, mine, "rebuild without a cache", theirs))


def far_registry(bench: Bench, folder: Path) -> None:
    """The same with a registry that is not on this machine, as none of a team's is."""
    host, _, port = bench.images.registry.rpartition(":")
    with SlowLine(host, int(port), seconds=FAR / 2) as line:
        far = Bench(folder / "far", replace(bench.images, registry=f"localhost:{line.port}"), NAME)
        by_hand = far.docker(*far.build_words("--provenance=mode=max"))
        for first in (far.flowlift("build"), by_hand):
            first(Cell())
        away = f"a registry {FAR * 1000:.0f} ms away"
        far.side_by_side(
            f"nothing changed, {away}: `image build`", far.flowlift("build"), "warm build", by_hand
        )
        bench.rows += far.rows


def fresh_builder(bench: Bench, folder: Path, program: str) -> None:
    """A builder that has nothing, and takes its cache from the registry."""
    cache = f"type=registry,ref={bench.name}:cache"
    with_cache = bench.build_words("--provenance=mode=max", "--cache-to", f"{cache},mode=max")
    bench.docker(*with_cache)(Cell())

    # What the engine asks instead of Docker Hub, the new builder asks as well.
    told = docker(bench.images, "info", "--format", "{{json .RegistryConfig.Mirrors}}")
    mirrors = [urlsplit(mirror).netloc for mirror in json.loads(told) or ()]

    def peer(cell: Cell) -> None:
        home = Path(tempfile.mkdtemp(dir=folder))
        environ = {**os.environ, **bench.images.environ}
        config = home / "buildkitd.toml"
        config.write_text(
            f'[registry."{bench.images.registry}"]\nhttp = true\n'
            f'[registry."docker.io"]\nmirrors = {json.dumps(mirrors)}\n'
        )
        socket = f"unix://{home}/s"
        words = [program, "--addr", socket, "--root", str(home / "root"), "--config", str(config)]
        words += ["--containerd-worker=false", "--oci-worker-net", "host"]
        with (home / "log").open("wb") as log:
            daemon = subprocess.Popen(words, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + PATIENCE
            while not (home / "s").exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            create = [
                "docker",
                "buildx",
                "create",
                "--name",
                home.name,
                "--driver",
                "remote",
                socket,
            ]
            subprocess.run(create, env=environ, check=True, capture_output=True)
            bench.docker(
                *bench.build_words(
                    "--builder", home.name, "--provenance=mode=max", "--cache-from", cache
                )
            )(cell)
            remove = ["docker", "buildx", "rm", home.name]
            subprocess.run(remove, env=environ, check=True, capture_output=True)
        finally:
            daemon.terminate()
            daemon.wait()
            shutil.rmtree(home, ignore_errors=True)

    bench.side_by_side(
        "nothing changed: `image build`",
        bench.flowlift("build"),
        "a new builder with its cache in the registry, as in a hosted CI",
        peer,
        THIRD,
    )


def main() -> None:
    """Measure, and print the table."""
    # An installed program keeps what Python compiled; without that each start takes twice as long.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        images = find_images()
    except MissingPartError as reason:
        print(f"The image is not measured: {reason}", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(prefix="flowlift-bench-") as name:
        bench = Bench(Path(name) / "git", images, NAME)
        measure(bench, Path(name))
        print(bench.table())


if __name__ == "__main__":
    main()
