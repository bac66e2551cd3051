"""The tables `[tool.flowlift.env.NAME]`: an environment's policy."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from flowlift.config.section import ManifestSection, Section


class WorkPoolOverride(ManifestSection):
    """The `work_pool` of some deployments in one environment."""

    name: str | None = Field(None, description="The work pool.")
    work_queue_name: str | None = Field(None, description="The work queue.")
    job_variables: dict[str, Any] = Field(
        default_factory=dict, description="Job variables; the manifest's others stay."
    )


class Override(ManifestSection):
    """What some deployments are in one environment, in the manifest's own keys."""

    parameters: dict[str, Any] = Field(
        default_factory=dict, description="Parameters; the manifest's others stay."
    )
    work_pool: WorkPoolOverride = Field(default_factory=WorkPoolOverride)
    concurrency_limit: int | dict[str, Any] | None = Field(
        None, description="The concurrency limit, as in the manifest."
    )


class Environment(Section):
    """An environment: a Prefect workspace, and the policy for what it holds."""

    ref: Literal["branch", "default"] = Field(
        "default",
        description="The code it runs: the pull request's branch, or the default branch.",
    )
    schedules: Literal["off", "on", "declared"] = Field(
        "declared",
        description="Whether schedules are active: never, always, or as the manifest says.",
    )
    triggers: Literal["off", "on", "declared"] = Field(
        "declared",
        description="Whether triggers are enabled: never, always, or as the manifest says.",
    )
    prune: bool = Field(
        True, description="Delete owned deployments that the manifest no longer declares."
    )
    on_drift: Literal["undo", "keep"] = Field(
        "undo",
        description="What to do with a field that was changed by hand. Pauses are always kept.",
    )
    verify: bool = Field(
        False, description="Whether `deliver` runs what it applied here, and waits for the end."
    )
    tags: tuple[str, ...] = Field((), description="Tags added to each deployment.")
    pool: str | None = Field(
        None, description="The work pool of every deployment here, whatever the manifest says."
    )
    variables: dict[str, str] = Field(
        default_factory=dict,
        description="What `{{ $NAME }}` is here, whatever the machine's own variables say.",
    )
    overrides: dict[str, Override] = Field(
        default_factory=dict,
        description="What deployments are here, by a pattern of `flow/deployment`.",
    )
    profile: str | None = Field(
        None, description="A profile of Prefect's own profiles file that has the API's address."
    )

    @property
    def patches(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        """The overrides as parts of a manifest's entry, each with its pattern."""
        return tuple(
            (pattern, patch.model_dump(exclude_unset=True))
            for pattern, patch in self.overrides.items()
        )
