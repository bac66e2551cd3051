"""The repository that a command works on: its configuration, its branch and its commit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from flowlift.config import Environment, Settings, load
from flowlift.errors import InputError
from flowlift.project.context import CiContext, read_context
from flowlift.repo.git import Repository, open_repository
from flowlift.repo.remote import check_branch, normalize_remote
from flowlift.workspace.endpoint import Endpoint, resolve

if TYPE_CHECKING:
    # What a plan is made of takes longer to load than an image's step takes.
    from flowlift.plan.model import Policy, Provenance
    from flowlift.workspace.client import Client

T = TypeVar("T")


def _has_template(branch: str) -> bool:
    from flowlift.plan.templates import PLACEHOLDER

    return PLACEHOLDER.search(branch) is not None


@dataclass(frozen=True)
class Project:
    """A repository at one commit, and the surroundings that the command runs in.

    `root` is the folder whose files are read: the work tree, or an export of another commit.
    """

    repository: Repository
    root: Path
    settings: Settings
    configured: bool
    context: CiContext
    environ: Mapping[str, str]

    @cached_property
    def default_branch(self) -> str:
        """The branch that PROD runs."""
        configured = self.settings.default_branch or self.context.default_branch
        return self.repository.default_branch(configured)

    @cached_property
    def branch(self) -> str:
        """The branch that is worked on.

        Raises:
            InputError: HEAD is detached and no CI says which branch this is, or its name holds
                a template, which workers would resolve in the pull step.
        """
        branch = self.context.branch or self.repository.branch()
        if not branch:
            raise InputError(
                "HEAD is detached, so it is not known which branch this is.",
                remedy="Give it: --branch NAME.",
            )
        check_branch(branch)
        if "{{" in branch and _has_template(branch):
            raise InputError(
                f"The branch {branch!r} has a template in its name, which a worker would resolve"
                " when it clones.",
                remedy="Rename the branch: git branch -m NEW-NAME",
            )
        return branch

    @cached_property
    def commit(self) -> str:
        """The commit that is stamped: the pull request's own, where CI has merged it on trial."""
        return self.context.commit or self.repository.head()

    @cached_property
    def remote_url(self) -> str:
        """The remote's address, "" where there is none."""
        return self.repository.remote_url() or ""

    @cached_property
    def name(self) -> str:
        """What marks the deployments that this repository owns."""
        if self.settings.repository:
            return self.settings.repository
        if self.remote_url:
            return normalize_remote(self.remote_url)
        return f"local/{self.repository.root.name}"

    def endpoint(self, environment: str) -> Endpoint:
        """The API of `environment`'s workspace, and the key to it.

        Raises:
            ConfigError: there is no such environment.
            EndpointError: no address is given for it.
        """
        return resolve(environment, self.settings, self.environ)

    def ask(self, environment: str, work: Callable[[Client], Awaitable[T]]) -> T:
        """What `work` gives with a client of `environment`'s workspace.

        Raises:
            ConfigError, EndpointError: as `endpoint`.
            KeyboardInterrupt: the work was interrupted, and gave no result.
        """
        from flowlift.workspace.running import with_client

        return with_client(self.endpoint(environment), work)

    def policy(self, environment: str) -> Policy:
        """What `environment` wants of every deployment, for the branch that is worked on.

        Raises:
            ConfigError: there is no such environment.
        """
        from flowlift.plan.model import Policy

        wanted: Environment = self.settings.environment(environment)
        return Policy(
            environment=environment,
            branch=self.branch if wanted.ref == "branch" else self.default_branch,
            default_branch=self.default_branch,
            repository_url=self.remote_url or self.repository.root.name,
            schedules=wanted.schedules,
            triggers=wanted.triggers,
            pin=wanted.pin,
            commit=self.commit,
            prune=wanted.prune,
            on_drift=wanted.on_drift,
            tags=wanted.tags,
            pool=wanted.pool,
            overrides=wanted.patches,
            variables=wanted.variables,
            default_work_pool=self.environ.get("PREFECT_DEFAULT_WORK_POOL_NAME") or None,
        )

    def provenance(self, policy: Policy) -> Provenance:
        """What is stamped on everything that a plan for `policy` writes."""
        from flowlift.plan.model import Provenance

        return Provenance(
            repository=self.name,
            commit=self.commit,
            branch=policy.branch,
            pull_request=None if policy.on_default_branch else self.context.pull_request,
            run=self.context.run,
        )

    def at(self, root: Path, branch: str, commit: str) -> Project:
        """The same project as it stands in `root`, an export of `commit` of `branch`."""
        context = replace(self.context, branch=branch, commit=commit, pull_request=None)
        loaded = load(root)
        return replace(
            self,
            root=root,
            settings=loaded.settings,
            configured=loaded.file is not None,
            context=context,
        )


def open_project(
    directory: Path,
    environ: Mapping[str, str],
    *,
    branch: str | None = None,
    base: str | None = None,
) -> Project:
    """The project that `directory` is in; `branch` and `base` are what the user gave.

    Raises:
        GitError: `directory` is in no git repository.
        ConfigError: its configuration cannot be read.
    """
    if branch:
        check_branch(branch)
    repository = open_repository(directory)
    loaded = load(repository.root)
    return Project(
        repository=repository,
        root=repository.root,
        settings=loaded.settings,
        configured=loaded.file is not None,
        context=read_context(environ, branch=branch, base=base),
        environ=environ,
    )
