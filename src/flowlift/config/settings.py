"""The whole configuration, and the tables that every repository has."""

from __future__ import annotations

import difflib
import re
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from flowlift.config.ci import Ci
from flowlift.config.environment import Environment, Ref
from flowlift.config.image import Image
from flowlift.config.section import Section, WrongValueError
from flowlift.config.worker import Worker
from flowlift.errors import ConfigError

CheckLevel = Literal["error", "warning", "off"]


class Verify(Section, frozen=True):
    """How `flowlift verify` runs what was applied."""

    timeout: Annotated[float, Meta(gt=0, description="Seconds until a run must have ended.")] = 600
    start_timeout: Annotated[
        float, Meta(gt=0, description="Seconds until a run must have started.")
    ] = 60
    parameters: Annotated[
        dict[str, dict[str, Any]],
        Meta(description="Parameters of the test runs, by a pattern of `flow/deployment`."),
    ] = field(default_factory=dict)
    skip: Annotated[
        tuple[str, ...], Meta(description="Patterns of deployments that are not run.")
    ] = ()


DEFAULT_ENVIRONMENTS = {
    "dev": Environment(ref="branch", schedules="off", triggers="off"),
    "prod": Environment(ref="default", schedules="declared"),
}


class Settings(Section, frozen=True):
    """The whole configuration of a repository."""

    manifests: Annotated[
        tuple[str, ...], Meta(description="Globs of the manifests, relative to the root.")
    ] = ("prefect.yaml",)
    sources: Annotated[
        tuple[str, ...],
        Meta(description="Folders whose imports are followed, besides the root itself."),
    ] = ("src",)
    default_branch: Annotated[
        str | None,
        Meta(description="The branch that PROD runs. Found out from the remote where not given."),
    ] = None
    repository: Annotated[
        str | None,
        Meta(description="The name that marks what this repository owns, instead of the remote's."),
    ] = None
    python: Annotated[
        str | None,
        Meta(description="The interpreter that has the flows' packages, to read signatures with."),
    ] = None
    roots: Annotated[
        dict[str, str],
        Meta(
            description="For a manifest (by glob), the folder that its entrypoints are relative to."
        ),
    ] = field(default_factory=dict)
    env: Annotated[dict[str, Environment], Meta(description="The environments.")] = field(
        default_factory=lambda: dict(DEFAULT_ENVIRONMENTS)
    )
    verify: Verify = field(default_factory=Verify)
    image: Annotated[Image | None, Meta(description="The flows image, where there is one.")] = None
    worker: Annotated[
        tuple[Worker, ...],
        Meta(description="The Prefect worker of each environment, or a list of several."),
    ] = ()
    ci: Ci = field(default_factory=Ci)
    checks: Annotated[
        dict[str, CheckLevel], Meta(description="The level of a check, by its name.")
    ] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.env:
            if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
                raise WrongValueError(
                    f"an environment is named in lower case letters, digits and dashes: {name!r}",
                    "env",
                    name,
                )

    def workers_of(self, environment: str) -> tuple[Worker, ...]:
        """The workers that an environment has; none where none is configured for it."""
        return tuple(
            worker
            for worker in self.worker
            if worker.environments is None or environment in worker.environments
        )

    def environments_on(self, ref: Ref) -> tuple[str, ...]:
        """The environments that run a pull request's branch, or those of the default branch."""
        return tuple(name for name, policy in self.env.items() if policy.ref == ref)

    def environment(self, name: str) -> Environment:
        """The environment called `name`.

        Raises:
            ConfigError: there is none of that name; the nearest one is named.
        """
        if name in self.env:
            return self.env[name]
        near = difflib.get_close_matches(name, self.env, n=1)
        known = ", ".join(self.env)
        raise ConfigError(
            f"no environment is called {name!r}" + (f": is it {near[0]!r}?" if near else "."),
            remedy=f"Known environments: {known}. Add one with a table [tool.flowlift.env.{name}].",
        )
