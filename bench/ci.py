"""The workflows on a real forge with a real runner: from a push to what people wait for.

    python -m bench.ci

The forge is that of the tests (CONTRIBUTING.md). A job's own times are those of its log.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench import platforms
from bench.deployments import Cell, run
from bench.installed import flowlift
from tests.parts import servers
from tests.parts.forge import (
    ForgeRepository,
    ForgeServer,
    create_forge_repository,
    find_forge_server,
)
from tests.parts.forge_jobs import ForgeJobs, build_wheel, offer_setup_uv, required
from tests.parts.given import MissingPartError
from tests.parts.repositories import GitRepository

RUNS = 3


@dataclass
class Row:
    """One line of the table: what was done, how long each time, and what it may take."""

    work: str
    bar: str
    seconds: list[float] = field(default_factory=list)

    def line(self) -> str:
        """In markdown: the median, and the fastest in brackets."""
        median, fastest = statistics.median(self.seconds), min(self.seconds)
        return f"| {self.work} | {median:.2f} s ({fastest:.2f}) | {self.bar} |"


class Bench:
    """A forge, and a server for each environment."""

    def __init__(self, folder: Path, forge: ForgeServer) -> None:
        self.folder = folder
        self.forge = forge
        self.wheel = build_wheel(folder)
        self.setup_uv = offer_setup_uv(forge)
        self.rows: list[Row] = []

    def deliver(self, count: int, dev: str, prod: str) -> None:
        """A pull request that changes one of `count` deployments, and its merge."""
        root = platforms.make(self.folder / f"p{count}", count)
        git = GitRepository(root, root.parent / "platform.git")
        repository = create_forge_repository(self.forge, git)
        try:
            self._deliver(repository, count, {"DEV": dev, "PROD": prod})
        finally:
            repository.delete()

    def _deliver(self, repository: ForgeRepository, count: int, urls: dict[str, str]) -> None:
        root, url = repository.git.path, repository.git.url
        jobs = ForgeJobs(repository, self.setup_uv)
        config = root / "flowlift.toml"
        # One owner for both sizes: they share the servers.
        config.write_text(f'repository = "bench"\n{config.read_text("utf-8")}', encoding="utf-8")
        jobs.configure(required(self.wheel))
        jobs.write_workflows()
        jobs.give({f"FLOWLIFT_{name}_API_URL": at for name, at in urls.items()}, {})
        platforms.write_manifest(root, url, count)
        repository.git.commit("Write the workflows")
        repository.git.push()
        jobs.settled()
        own = Row(f"{count}, one changed: `deliver` in the pull request's job", "<= 5 s")
        pushed = Row(f"{count}, one changed: push to DEV live and commented", "")
        merged = Row(f"{count}, one changed: merge to PROD live, end of the run", "< 10 s")
        for turn in range(RUNS):
            repository.git.switch(f"feat/{turn}")
            platforms.write_manifest(root, url, count, {0: 1000 + turn})
            repository.git.commit(f"Change {turn}")
            repository.git.push()
            begun = time.perf_counter()
            number = repository.pull_request(f"feat/{turn}")
            (proposed,) = jobs.settled()
            assert proposed.conclusion == "success", proposed.log
            pushed.seconds.append(time.perf_counter() - begun)
            own.seconds.append(proposed.seconds("Deliver"))
            repository.comment(number)
            begun = time.perf_counter()
            repository.merge(number)
            runs = jobs.settled(2)
            assert {run.conclusion for run in runs} == {"success"}, [run.log for run in runs]
            merged.seconds.append(time.perf_counter() - begun)
            repository.git.git("switch", "--quiet", "main")
            repository.git.git("pull", "--quiet", "--ff-only", repository.clone_url, "main")
        self.rows += [own, pushed, merged]

    def check(self, count: int) -> None:
        """`flowlift check` of a whole platform, with nothing kept from an earlier run."""
        root = platforms.make(self.folder / "check", count)
        cell = Cell()
        for turn in range(RUNS):
            cold = {"XDG_CACHE_HOME": str(self.folder / f"cold-{turn}")}
            run([flowlift(), "check"], root, cold, cell)
        self.rows.append(Row(f"`flowlift check`, {count} deployments", "< 1 s", cell.seconds))

    def table(self) -> str:
        """The rows as a table in markdown."""
        head = ["| work | flowlift | bar |", "| --- | --- | --- |"]
        return "\n".join([*head, *(row.line() for row in self.rows)])


def main() -> None:
    try:
        forge = find_forge_server()
    except MissingPartError as reason:
        print(f"Without a forge there are no figures of it: {reason}")
        return
    with tempfile.TemporaryDirectory(prefix="flowlift-bench-") as name:
        folder = Path(name)
        bench = Bench(folder, forge)
        started = [servers.start_server(folder / role) for role in ("dev", "prod")]
        try:
            for server in started:
                servers.create_process_pool(server, "bench")
            bench.check(1000)
            for count in (50, 500):
                bench.deliver(count, started[0].url, started[1].url)
        finally:
            print(bench.table())
            for server in started:
                server.stop()


if __name__ == "__main__":
    main()
