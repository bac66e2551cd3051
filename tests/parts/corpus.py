"""The repositories-in-miniature of tests/corpus: what each says of itself, and how it is staged.

A case is a folder with manifests and sources as a team would have them, and a `case.toml`:

- `shows`: in a line, what the case is there for.
- `deployments`: the keys (`flow/name`) that flowlift registers.
- `refuses`, `warns`: the findings that flowlift gives: check, file, line (0: the file as a whole).
- `stops`: how it ends where there are no findings yet, or none any more: exit code, part of the
  message. A manifest that is not YAML, a build step that fails.
- `prefect`: the Prefect versions that take the case; all supported ones by default.
- `compared`: false where no Prefect registers what is meant, and flowlift does.
- `manifests`: each manifest, with the folder that its entrypoints start from.
- `environment`: the variables that the deploying process has.
- `workspace`: pools, queues, variables and blocks that are there beforehand.
- `config`: what the case's flowlift.toml adds to one environment called prod.
- `detached`: the head is detached, as in many CI checkouts.
- `then`: what is registered after a second commit, which lays the folder `then/` over the first,
  and the Prefect versions that can do it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli
from packaging.specifiers import SpecifierSet

FOLDER = Path(__file__).parent.parent / "corpus"

BRANCH = "main"

REMOTE = "platform.git"
"""The last part of the remote's address, as in the pull steps of the manifests."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A finding that flowlift gives for a case."""

    check: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Stops:
    """How flowlift ends before it has findings, or after they were fine."""

    code: int
    says: str


@dataclass(frozen=True, slots=True)
class Then:
    """What a second commit leads to."""

    deployments: tuple[str, ...]
    prefect: SpecifierSet


@dataclass(frozen=True, slots=True)
class Case:
    """One repository-in-miniature; the fields are those of its case.toml."""

    name: str
    shows: str
    deployments: tuple[str, ...]
    refuses: tuple[Expected, ...]
    warns: tuple[Expected, ...]
    stops: Stops | None
    prefect: SpecifierSet
    compared: bool
    manifests: tuple[tuple[str, str], ...]
    environment: Mapping[str, str]
    workspace: Mapping[str, Any]
    config: Mapping[str, Any]
    detached: bool
    then: Then | None

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    @property
    def registers(self) -> bool:
        """Whether flowlift is to register the case, rather than to refuse it."""
        return not self.refuses and self.stops is None

    def taken_by(self, version: str) -> bool:
        """Whether Prefect `version` has what the case needs."""
        return self.prefect.contains(version, prereleases=True)

    def compared_with(self, version: str) -> bool:
        """Whether what Prefect `version` registers is what flowlift is to register."""
        return self.compared and bool(self.deployments) and self.taken_by(version)


def load() -> list[Case]:
    """All cases, by name.

    Raises:
        ValueError: a case.toml has an unknown key, or two cases would meet in a workspace.
    """
    cases = [_case(file) for file in sorted(FOLDER.glob("*/case.toml"))]
    owners: dict[str, str] = {}
    for case in cases:
        for key in case.deployments:
            if owners.setdefault(key, case.name) != case.name:
                raise ValueError(f"{key} is registered by {case.name} and by {owners[key]}")
    needs(cases)
    return cases


def _case(file: Path) -> Case:
    table = tomli.loads(file.read_text(encoding="utf-8"))
    case = Case(
        name=file.parent.name,
        shows=table.pop("shows"),
        deployments=tuple(table.pop("deployments", ())),
        refuses=_findings(table.pop("refuses", ())),
        warns=_findings(table.pop("warns", ())),
        stops=Stops(**stops) if (stops := table.pop("stops", None)) else None,
        prefect=SpecifierSet(table.pop("prefect", "")),
        compared=table.pop("compared", True),
        manifests=tuple(
            (entry["file"], entry["root"])
            for entry in table.pop("manifests", [{"file": "prefect.yaml", "root": ""}])
        ),
        environment=table.pop("environment", {}),
        workspace=table.pop("workspace", {}),
        config=table.pop("config", {}),
        detached=table.pop("detached", False),
        then=_then(table.pop("then", None)),
    )
    if table:
        raise ValueError(f"{file}: unknown keys {', '.join(table)}")
    if case.deployments and not case.registers:
        raise ValueError(f"{file}: what is refused is not registered")
    return case


def _then(table: Mapping[str, Any] | None) -> Then | None:
    if table is None:
        return None
    return Then(tuple(table["deployments"]), SpecifierSet(table.get("prefect", "")))


def _findings(entries: Sequence[Mapping[str, Any]]) -> tuple[Expected, ...]:
    return tuple(Expected(e["check"], e["file"], e["line"]) for e in entries)


def needs(cases: Sequence[Case]) -> dict[str, Any]:
    """What a workspace must hold beforehand, for all `cases` together.

    Raises:
        ValueError: two cases need different things under one name.
    """
    pools: dict[str, str] = {"corpus": "process"}
    queues: set[tuple[str, str]] = set()
    variables: dict[str, Any] = {}
    blocks: dict[tuple[str, str], Any] = {}
    for case in cases:
        have = case.workspace
        for pool in have.get("pools", ()):
            _agree(pools, pool["name"], pool["type"], case)
        queues.update((queue["pool"], queue["name"]) for queue in have.get("queues", ()))
        for name, value in have.get("variables", {}).items():
            _agree(variables, name, value, case)
        for block in have.get("blocks", ()):
            _agree(blocks, (block["type"], block["name"]), block["data"], case)
    return {"pools": pools, "queues": sorted(queues), "variables": variables, "blocks": blocks}


def _agree(have: dict[Any, Any], name: Any, value: Any, case: Case) -> None:
    if have.setdefault(name, value) != value:
        raise ValueError(f"{case.name} needs another {name} than a case before it")


# Staging ---------------------------------------------------------------------------------


def stage(case: Case, at: Path, *, python: str) -> Path:
    """Make the case a git repository with a bare remote, under `at`; returns its folder.

    `python` is the interpreter that flowlift reads signatures with.
    """
    work, remote = at / case.name / "platform", at / case.name / REMOTE
    shutil.copytree(case.folder, work, ignore=shutil.ignore_patterns("case.toml", "then"))
    (work / "flowlift.toml").write_text(_config(case, python), encoding="utf-8")
    _git(at, "init", "--quiet", "--bare", f"--initial-branch={BRANCH}", str(remote))
    _git(at, "init", "--quiet", f"--initial-branch={BRANCH}", str(work))
    _git(work, "remote", "add", "origin", str(remote))
    _commit(work, "First")
    if case.detached:
        _git(work, "checkout", "--quiet", "--detach")
    return work


def advance(case: Case, work: Path) -> None:
    """Lay the case's folder `then/` over the repository, and commit."""
    shutil.copytree(case.folder / "then", work, dirs_exist_ok=True)
    _commit(work, "Second")


def _config(case: Case, python: str) -> str:
    lines = [
        f'default-branch = "{BRANCH}"',
        f'repository = "corpus/{case.name}"',
        f"python = {json.dumps(python)}",
    ]
    tables = []
    for key, value in case.config.items():
        if isinstance(value, Mapping):
            tables += [
                f"[{key}]",
                *(f"{json.dumps(k)} = {json.dumps(v)}" for k, v in value.items()),
            ]
        else:
            lines.append(f"{key} = {json.dumps(value)}")
    policy = ["[env.prod]", 'ref = "default"', 'schedules = "declared"', "prune = false"]
    return "\n".join([*lines, *tables, *policy, ""])


def _commit(work: Path, message: str) -> None:
    _git(work, "add", "--all")
    _git(work, "commit", "--quiet", "--allow-empty", "--message", message)
    _git(work, "push", "--quiet", "--set-upstream", "origin", BRANCH)


def _git(at: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=at, env=environment(at), check=True)


def environment(home: Path) -> dict[str, str]:
    """The environment of a fresh user at `home`: nothing of the machine's but the path."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "COLUMNS": "250",
        "NO_COLOR": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Asha",
        "GIT_AUTHOR_EMAIL": "asha@example.com",
        "GIT_AUTHOR_DATE": "2024-01-01T00:00:00+00:00",
        "GIT_COMMITTER_NAME": "Asha",
        "GIT_COMMITTER_EMAIL": "asha@example.com",
        "GIT_COMMITTER_DATE": "2024-01-01T00:00:00+00:00",
    }
