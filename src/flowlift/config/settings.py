"""The whole configuration, and the tables that every repository has."""

from __future__ import annotations

import difflib
import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from flowlift.config.ci import Ci
from flowlift.config.environment import Environment
from flowlift.config.image import Image
from flowlift.config.section import Section
from flowlift.config.worker import Worker, listed
from flowlift.errors import ConfigError

CheckLevel = Literal["error", "warning", "off"]


class Verify(Section):
    """How `flowlift verify` runs what was applied."""

    timeout: float = Field(600, gt=0, description="Seconds until a run must have ended.")
    start_timeout: float = Field(60, gt=0, description="Seconds until a run must have started.")
    parameters: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="Parameters of the test runs, by a pattern of `flow/deployment`.",
    )
    skip: tuple[str, ...] = Field((), description="Patterns of deployments that are not run.")


DEFAULT_ENVIRONMENTS = {
    "dev": Environment(ref="branch", schedules="off", triggers="off"),
    "prod": Environment(ref="default", schedules="declared"),
}


class Settings(Section):
    """The whole configuration of a repository."""

    manifests: tuple[str, ...] = Field(
        ("prefect.yaml",), description="Globs of the manifests, relative to the root."
    )
    sources: tuple[str, ...] = Field(
        ("src",), description="Folders whose imports are followed, besides the root itself."
    )
    default_branch: str | None = Field(
        None, description="The branch that PROD runs. Found out from the remote where not given."
    )
    repository: str | None = Field(
        None,
        description="The name that marks what this repository owns, instead of the remote's.",
    )
    python: str | None = Field(
        None,
        description="The interpreter that has the flows' packages, to read signatures with.",
    )
    roots: dict[str, str] = Field(
        default_factory=dict,
        description="For a manifest (by glob), the folder that its entrypoints are relative to.",
    )
    env: dict[str, Environment] = Field(
        default_factory=lambda: dict(DEFAULT_ENVIRONMENTS), description="The environments."
    )
    verify: Verify = Field(default_factory=Verify)
    image: Image | None = Field(None, description="The flows image, where there is one.")
    worker: Annotated[tuple[Worker, ...], BeforeValidator(listed)] = Field(
        (), description="The Prefect worker of each environment, or a list of several."
    )
    ci: Ci = Field(default_factory=Ci)
    checks: dict[str, CheckLevel] = Field(
        default_factory=dict, description="The level of a check, by its name."
    )

    @field_validator("env")
    @classmethod
    def _names_fit_a_variable(cls, value: dict[str, Environment]) -> dict[str, Environment]:
        for name in value:
            if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
                raise ValueError(
                    f"an environment is named in lower case letters, digits and dashes: {name!r}"
                )
        return value

    def workers_of(self, environment: str) -> tuple[Worker, ...]:
        """The workers that an environment has; none where none is configured for it."""
        return tuple(
            worker
            for worker in self.worker
            if worker.environments is None or environment in worker.environments
        )

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
