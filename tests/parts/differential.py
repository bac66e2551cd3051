"""The same repositories registered by `prefect deploy --all` and by `flowlift apply`.

Two servers are filled equally. Into one the real `prefect deploy` registers each case of
tests/corpus, into the other `flowlift apply`; both then register the second commit of the cases
that have one. Everything that the servers hold is compared field by field. What may differ stands
in accepted.py, and nowhere else.

Both programs are run by forked_cli.py: one process imports the program, each case is a fork of it.
A case whose environment has Prefect's own settings gets a process of its own, as Prefect reads
them while it is imported.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.parts import corpus, snapshot
from tests.parts.corpus import Case
from tests.parts.servers import Server, prefect_version

FORKED = Path(__file__).with_name("forked_cli.py")

PREFECT_IMPORTS = ("prefect.cli.deploy", "prefect.deployments.runner", "prefect.deployments.base")
"""Public modules that `prefect deploy` imports late: imported once, before the forks."""

FLOWLIFT_IMPORTS = (
    "flowlift.cli.apply",
    "flowlift.deployments.applying",
    "flowlift.render.data",
)
"""The same for `flowlift apply`."""

FIRST, THEN = "first", "then"
"""The two rounds of a run: all cases, and the second commit of those that have one."""

Json = Any


class _Missing:
    """Stands for a value that one of the two servers does not have."""

    def __repr__(self) -> str:
        return "(nothing)"


MISSING = _Missing()


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that the two servers hold differently.

    `kind` is the snapshot's (`deployments`), `key` the thing's name, `path` the way to the field.
    """

    version: str
    round: str
    kind: str
    key: str
    path: tuple[str | int, ...]
    prefect: Json
    flowlift: Json

    @property
    def field(self) -> str:
        """The field in words: `deployments.schedules.0.slug`."""
        return ".".join(str(part) for part in (self.kind, *self.path))

    def __str__(self) -> str:
        return (
            f"{self.round}: {self.key}: {self.field}\n"
            f"    prefect deploy: {self.prefect!r}\n    flowlift apply: {self.flowlift!r}"
        )


@dataclass(frozen=True, slots=True)
class Finished:
    """A program that has ended."""

    code: int
    output: str
    errors: str
    seconds: float

    def __str__(self) -> str:
        return f"exit code {self.code} after {self.seconds:.1f} s\n{self.output}\n{self.errors}"


@dataclass
class Run:
    """What came out of registering a corpus twice.

    `prefect` and `flowlift` hold, by round and case, how the programs ended; `held` holds, by
    round, what the two servers then had.
    """

    version: str
    prefect: dict[tuple[str, str], list[Finished]] = field(default_factory=dict)
    flowlift: dict[tuple[str, str], list[Finished]] = field(default_factory=dict)
    held: dict[str, tuple[Mapping[str, Json], Mapping[str, Json]]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def differences(self) -> list[Difference]:
        """All differences of all rounds, whoever they belong to."""
        return [
            Difference(self.version, turn, kind, key, *found)
            for turn, (prefect, flowlift) in self.held.items()
            for kind in sorted({*prefect, *flowlift})
            for key in sorted({*prefect.get(kind, {}), *flowlift.get(kind, {})})
            for found in compare(
                prefect.get(kind, {}).get(key, MISSING), flowlift.get(kind, {}).get(key, MISSING)
            )
        ]


def compare(
    prefect: Json, flowlift: Json, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Json, Json]]:
    """The paths at which two JSON values differ, with both values.

    1 and 1.0 are equal, as JSON has one kind of number; 1 and true are not. Tags are compared as a
    whole: one that is left out is not a change of all that follow.
    """
    whole = path[-1:] == ("tags",)
    if isinstance(prefect, dict) and isinstance(flowlift, dict):
        for key in sorted({*prefect, *flowlift}):
            yield from compare(prefect.get(key, MISSING), flowlift.get(key, MISSING), (*path, key))
    elif isinstance(prefect, list) and isinstance(flowlift, list) and not whole:
        pairs = itertools.zip_longest(prefect, flowlift, fillvalue=MISSING)
        for index, (one, other) in enumerate(pairs):
            yield from compare(one, other, (*path, index))
    elif isinstance(prefect, bool) is not isinstance(flowlift, bool) or prefect != flowlift:
        yield path, prefect, flowlift


# Registering -----------------------------------------------------------------------------


def run(cases: Sequence[Case], servers: tuple[Server, Server], scratch: Path) -> Run:
    """Register `cases` by Prefect into the first server, and by flowlift into the second.

    Cases that flowlift is to refuse, and those whose registration by this Prefect is not to be
    compared, are left out on Prefect's side.
    """
    python = servers[0].python
    outcome = Run(prefect_version(python))
    for server in servers:
        snapshot.prepare(server, corpus.needs(cases))
    with _timed(outcome, "staging"):
        folders = {case.name: corpus.stage(case, scratch, python=python) for case in cases}
    second = [case for case in cases if case.then and case.then.prefect.contains(outcome.version)]
    for turn, taking in ((FIRST, cases), (THEN, second)):
        if turn == THEN:
            for case in second:
                corpus.advance(case, folders[case.name])
        compared = [case for case in taking if case.compared_with(outcome.version)]
        with ThreadPoolExecutor(2) as pool:
            theirs = pool.submit(_deploy, outcome, turn, compared, folders, servers[0])
            ours = pool.submit(_apply, outcome, turn, taking, folders, servers[1])
            theirs.result()
            ours.result()
        outcome.held[turn] = (snapshot.read(servers[0]), snapshot.read(servers[1]))
    theirs_held, ours_held = outcome.held[THEN]
    outcome.held[THEN] = (_only(second, theirs_held), _only(second, ours_held))
    return outcome


def _only(cases: Iterable[Case], held: Mapping[str, Json]) -> dict[str, Json]:
    """The deployments of `cases` in what a workspace holds."""
    keys = {
        key for case in cases if case.then for key in (*case.deployments, *case.then.deployments)
    }
    found = {key: thing for key, thing in held["deployments"].items() if key in keys}
    return {"deployments": found}


def _deploy(
    outcome: Run, turn: str, cases: Iterable[Case], folders: Mapping[str, Path], server: Server
) -> None:
    jobs = []
    for case in cases:
        work = folders[case.name]
        environ = _environ(case, work) | {"PREFECT_API_URL": server.url}
        for file, root in case.manifests:
            manifest = os.path.relpath(work / file, work / root)
            argv = ["--no-prompt", "deploy", "--all", "--prefect-file", manifest]
            jobs.append((case, {"argv": argv, "cwd": str(work / root), "env": environ}))
    with _timed(outcome, f"prefect deploy, {turn}"):
        _run(
            outcome.prefect,
            turn,
            jobs,
            program="prefect",
            python=server.python,
            imports=PREFECT_IMPORTS,
        )


def _apply(
    outcome: Run, turn: str, cases: Iterable[Case], folders: Mapping[str, Path], server: Server
) -> None:
    jobs = []
    for case in cases:
        work = folders[case.name]
        environ = _environ(case, work) | {"FLOWLIFT_PROD_API_URL": server.url}
        argv = ["apply", "prod", "--yes", "--json"]
        jobs.append((case, {"argv": argv, "cwd": str(work), "env": environ}))
    with _timed(outcome, f"flowlift apply, {turn}"):
        _run(
            outcome.flowlift,
            turn,
            jobs,
            program="flowlift",
            python=sys.executable,
            imports=FLOWLIFT_IMPORTS,
        )


def _environ(case: Case, work: Path) -> dict[str, str]:
    home = work.parent / "home"
    (home / ".prefect").mkdir(parents=True, exist_ok=True)
    return {
        **corpus.environment(home),
        "PREFECT_HOME": str(home / ".prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONTZPATH": "",
        **case.environment,
    }


def _run(
    into: dict[tuple[str, str], list[Finished]],
    turn: str,
    jobs: Sequence[tuple[Case, Mapping[str, Json]]],
    *,
    program: str,
    python: str,
    imports: Sequence[str] = (),
) -> None:
    """Run the jobs, those that differ in Prefect's own settings in processes of their own."""

    def settings(job: tuple[Case, Mapping[str, Json]]) -> list[tuple[str, str]]:
        found = job[0].environment.items()
        return sorted((name, value) for name, value in found if name.startswith("PREFECT_"))

    for _, group in itertools.groupby(sorted(jobs, key=settings), key=settings):
        batch = list(group)
        request = {"program": program, "imports": imports, "jobs": [job for _, job in batch]}
        ended = subprocess.run(
            [python, str(FORKED)],
            input=json.dumps(request),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            env=batch[0][1]["env"],
        )
        for (case, _), line in zip(batch, ended.stdout.splitlines(), strict=True):
            into.setdefault((turn, case.name), []).append(Finished(**json.loads(line)))


@contextmanager
def _timed(outcome: Run, what: str) -> Iterator[None]:
    """Note in `outcome` how many seconds something took."""
    started = time.perf_counter()
    yield
    outcome.seconds[what] = time.perf_counter() - started
