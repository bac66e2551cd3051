"""A small platform in memory: two flows and three deployments, with DEV and PROD as fakes.

git is a stand-in, the Prefect APIs are fakes, and time is a model: a plan, an apply and a plan
again take some hundredths of a second.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from flowlift.config import load
from flowlift.deployments.applying import Applied, ApplyOrder, apply
from flowlift.deployments.planning import decide
from flowlift.deployments.reading import Reading, read
from flowlift.deployments.scope import Options
from flowlift.deployments.syncing import sync
from flowlift.plan.model import Change, Plan
from flowlift.project.context import CiContext
from flowlift.project.project import Project
from flowlift.voice import SILENT, Voice
from flowlift.workspace.client import Client
from tests.parts.fake_api import ModelNetwork, ask_model
from tests.parts.fake_workspace import FakeWorkspace
from tests.parts.standin_repository import StandInRepository

T = TypeVar("T")
CONFIG = """\
default-branch = "main"
[env.dev]
ref = "branch"
schedules = "off"
[env.prod]
ref = "default"
schedules = "on"
"""
SHARED = "def count(rows):\n    return rows\n"
INGEST = '''\
from prefect import flow
from shared.rows import count


@flow
def ingest(rows: int = 3):
    """Load rows."""
    return count(rows)
'''
REPORT = '''\
from prefect import flow


@flow
def report(day: str = "today"):
    """Write the report."""
'''
CLONE = {
    "prefect.deployments.steps.git_clone": {
        "repository": "https://github.com/acme/platform.git",
        "branch": "main",
    }
}


@dataclass
class SmallPlatform:
    """A repository on main, pushed, with `hourly` and `nightly` of one flow and `weekly`."""

    repository: StandInRepository
    dev: FakeWorkspace = field(default_factory=FakeWorkspace)
    prod: FakeWorkspace = field(default_factory=FakeWorkspace)
    deployments: list[dict[str, Any]] = field(default_factory=list)
    manifest: dict[str, Any] = field(default_factory=lambda: {"pull": [CLONE]})
    context: CiContext = field(default_factory=CiContext)
    environ: dict[str, str] = field(default_factory=dict)

    @classmethod
    def begun(cls, folder: Path) -> SmallPlatform:
        """One whose main is pushed, and whose workspaces hold a pool and nothing else."""
        platform = cls(StandInRepository(folder))
        platform.deployments = [
            entry("hourly", "ingest", {"cron": "0 * * * *"}, parameters={"rows": 5}),
            entry("nightly", "ingest", {"cron": "0 2 * * *", "timezone": "Europe/Berlin"}),
            entry("weekly", "report", {"interval": 604800}),
        ]
        platform.environ = {
            "FLOWLIFT_DEV_API_URL": "http://dev.invalid/api",
            "FLOWLIFT_PROD_API_URL": "http://prod.invalid/api",
        }
        for workspace in (platform.dev, platform.prod):
            workspace.pool("pool")
        platform.commit(
            {
                "flowlift.toml": CONFIG,
                "src/shared/__init__.py": "",
                "src/shared/rows.py": SHARED,
                "src/flows/ingest.py": INGEST,
                "src/flows/report.py": REPORT,
            }
        )
        platform.repository.push()
        return platform

    def named(self, name: str) -> dict[str, Any]:
        """The manifest's entry of that name, to change it."""
        return next(item for item in self.deployments if item["name"] == name)

    def commit(self, files: Mapping[str, str] | None = None) -> str:
        """Write the manifest and `files`, and commit all; the remote gets what is main's."""
        document = {"name": "platform", **self.manifest, "deployments": self.deployments}
        text = yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False)
        commit = self.repository.commit({"prefect.yaml": text, **(files or {})})
        if self.repository.branch() == "main":
            self.repository.push()
        return commit

    def propose(self, branch: str, files: Mapping[str, str] | None = None) -> str:
        """A branch with what has been changed and `files`, pushed."""
        self.repository.switch(branch)
        commit = self.commit(files)
        self.repository.push()
        return commit

    @property
    def project(self) -> Project:
        """The project as a command opens it."""
        root = self.repository.root
        loaded = load(root)
        return Project(
            repository=self.repository,
            root=root,
            settings=loaded.settings,
            configured=loaded.file is not None,
            context=self.context,
            environ=self.environ,
        )

    def workspace(self, environment: str) -> FakeWorkspace:
        """What stands for the environment's workspace."""
        return self.dev if environment == "dev" else self.prod

    def ask(self, environment: str, work: Callable[[Client], Awaitable[T]]) -> T:
        """What `work` gives with a client of the environment's workspace."""
        network = ModelNetwork(self.workspace(environment))
        return ask_model(network, work, self.project.endpoint(environment))

    def read(self, environment: str, *, returning: bool = False, **options: Any) -> Reading:
        """All that a plan is made from."""
        wanted = Options(**options)
        return self.ask(
            environment, lambda c: read(self.project, environment, wanted, c, returning=returning)
        )

    def plan(self, environment: str, *, returning: bool = False, **options: Any) -> Plan:
        """The plan for an environment."""
        return decide(self.project, self.read(environment, returning=returning, **options))

    def apply(
        self,
        environment: str,
        voice: Voice = SILENT,
        *,
        saved: Plan | None = None,
        lock_wait: float = 300.0,
        **options: Any,
    ) -> Applied:
        """Apply, as `flowlift apply` does."""
        order = ApplyOrder(environment, Options(**options), saved, lock_wait=lock_wait)
        return self.ask(environment, lambda c: apply(self.project, order, c, voice))

    def interrupted(self, environment: str, voice: Voice = SILENT, after: int = 1) -> Applied:
        """Apply, and be interrupted as soon as so many deployments are written."""

        async def work(client: Client) -> Applied:
            order = ApplyOrder(environment)
            left = itertools.count(after - 1, -1)

            class Interrupting(Voice):
                def written(self, change: Change, seconds: float) -> None:
                    super().written(change, seconds)
                    if next(left) == 0:
                        doing.cancel()

            interrupting = Interrupting(voice)
            doing = asyncio.ensure_future(apply(self.project, order, client, interrupting))
            return await doing

        return self.ask(environment, work)

    def sync(self, environment: str, **options: Any) -> Applied:
        """Bring an environment back, as `flowlift sync` does."""
        order = ApplyOrder(environment, Options("all", **options), returning=True)
        return self.ask(environment, lambda c: sync(self.project, order, c, SILENT))


def entry(name: str, flow: str, *schedules: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An entry of the manifest."""
    return {
        "name": name,
        "entrypoint": f"src/flows/{flow}.py:{flow}",
        "schedules": list(schedules),
        "work_pool": {"name": "pool"},
        **more,
    }


def actions(plan: Plan) -> dict[str, str]:
    """What a plan does, by the deployment's own name; what stays as it is left out."""
    return {change.deployment.split("/")[1]: change.action.value for change in plan.writes}


def checks(plan: Plan) -> list[str]:
    """The names of a plan's findings."""
    return [finding.check for finding in plan.findings]
