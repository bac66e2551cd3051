"""A platform repository with its two workspaces, and the commands that are run on it."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import yaml

from flowlift.cli import program
from flowlift.cli.boundary import run
from tests.parts.repositories import GitRepository
from tests.parts.servers import create_process_pool
from tests.parts.workspaces import Workspace

CONFIG = """\
default-branch = "main"
repository = "{prefix}"
[env.dev]
ref = "branch"
schedules = "off"
[env.prod]
ref = "default"
schedules = "on"
[verify]
start-timeout = 30
"""
SHARED = "def count(rows):\n    return len(range(rows))\n"
INGEST = '''\
import sys
from pathlib import Path

from prefect import flow

sys.path.insert(0, str(Path(__file__).parents[1]))
from shared.rows import count


@flow(name="{prefix}-ingest", log_prints=True)
def ingest(rows: int = 3, source: str = "orders") -> int:
    """Load rows."""
    print("loaded", count(rows), source)
    if source == "nowhere":
        raise ValueError("no such source")
    return rows
'''
REPORT = '''\
from prefect import flow


@flow(name="{prefix}-report")
def report(day: str = "today"):
    """Write the report."""
'''


@dataclass(frozen=True)
class Result:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def plan(self) -> dict[str, Any]:
        """The plan that `--json` printed."""
        document: dict[str, Any] = json.loads(self.out)
        plan: dict[str, Any] = document.get("plan", document)
        return plan

    @property
    def actions(self) -> dict[str, str]:
        """What the plan does, by the deployment's own name."""
        return {c["deployment"].split("/")[1]: c["action"] for c in self.plan["changes"]}

    @property
    def checks(self) -> list[str]:
        """The names of the plan's findings."""
        return [finding["check"] for finding in self.plan["findings"]]

    def reasons(self, name: str) -> list[str]:
        """Why a deployment changes, by its own name."""
        for change in self.plan["changes"]:
            if change["deployment"].split("/")[1] == name:
                return [
                    f"{reason['kind']}: {reason['detail']}" if reason["detail"] else reason["kind"]
                    for reason in change["reasons"]
                ]
        raise AssertionError(f"{name} is not in the plan")


@dataclass
class Platform:
    """Two flows that share a module, three deployments with schedules, DEV and PROD."""

    repository: GitRepository
    dev: Workspace
    prod: Workspace
    deployments: list[dict[str, Any]] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def pool(self) -> str:
        return self.dev.name("pool")

    def begin(self) -> None:
        """Make the work pools, and the first commit on main."""
        for workspace in (self.dev, self.prod):
            create_process_pool(workspace.server, self.pool)
        self.deployments = [
            self.entry("hourly", "ingest", {"cron": "0 * * * *"}, parameters={"rows": 5}),
            self.entry("nightly", "ingest", {"cron": "0 2 * * *", "timezone": "Europe/Berlin"}),
            self.entry("weekly", "report", {"interval": 604800}),
        ]
        self.repository.write(
            {
                "flowlift.toml": CONFIG.format(prefix=self.dev.prefix),
                "src/shared/__init__.py": "",
                "src/shared/rows.py": SHARED,
                "src/flows/ingest.py": INGEST.format(prefix=self.dev.prefix),
                "src/flows/report.py": REPORT.format(prefix=self.dev.prefix),
            }
        )
        self.commit("begin")
        self.repository.push()

    def entry(
        self, name: str, flow: str, *schedules: dict[str, Any], **more: Any
    ) -> dict[str, Any]:
        """An entry of the manifest."""
        return {
            "name": name,
            "entrypoint": f"src/flows/{flow}.py:{flow}",
            "schedules": list(schedules),
            "work_pool": {"name": self.pool},
            **more,
        }

    def named(self, name: str) -> dict[str, Any]:
        """The manifest's entry of that name, to change it."""
        return next(entry for entry in self.deployments if entry["name"] == name)

    def commit(self, message: str = "change", files: Mapping[str, str] | None = None) -> str:
        """Write the manifest, and commit all."""
        clone = {"repository": self.repository.remote_url, "branch": "main"}
        manifest = {
            "name": "platform",
            "pull": [
                {"prefect.deployments.steps.git_clone": {"id": "clone", **clone}},
                {
                    "prefect.deployments.steps.run_shell_script": {
                        "script": "echo cloned",
                        "directory": "{{ clone.directory }}",
                    }
                },
            ],
            "deployments": self.deployments,
            **self.extra,
        }
        text = yaml.safe_dump(manifest, sort_keys=False)
        return self.repository.commit(message, {"prefect.yaml": text, **(files or {})})

    def branch(self, name: str) -> None:
        """Begin a pull request's branch."""
        self.repository.switch(name)

    def push(self) -> None:
        """Push the current branch."""
        self.repository.push()

    def flowlift(self, *arguments: str, environ: Mapping[str, str] | None = None) -> Result:
        """Run a command in the repository, in this process."""
        return flowlift(
            [arguments[0], "-C", str(self.repository.path), *arguments[1:]],
            {**self.environ, **(environ or {})},
        )

    @property
    def environ(self) -> dict[str, str]:
        """What a command needs to find both workspaces."""
        return {
            "FLOWLIFT_DEV_API_URL": self.dev.url,
            "FLOWLIFT_PROD_API_URL": self.prod.url,
            "PYTHONPATH": str(self.repository.path / "src"),
        }

    def live(self, workspace: Workspace) -> dict[str, dict[str, Any]]:
        """The test's deployments in a workspace, by name."""
        return {item["name"]: item for item in workspace.deployments()}


def flowlift(arguments: Sequence[str], environ: Mapping[str, str]) -> Result:
    """Run a command in this process, as a shell would."""
    out, err = io.StringIO(), io.StringIO()
    with _environ(environ), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(program, list(arguments))
    return Result(code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _environ(environ: Mapping[str, str]) -> Iterator[None]:
    """The environment of a command: none of the developer's own settings, nor those of a CI."""
    ours = ("FLOWLIFT_", "PREFECT_", "GITHUB_", "GITLAB_", "GITEA_", "CI")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    with mock.patch.dict(os.environ, {**kept, **environ}, clear=True):
        yield
