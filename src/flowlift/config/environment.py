"""The tables `[tool.flowlift.env.NAME]`: an environment's policy."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType, field, to_builtins

from flowlift.config.section import ManifestSection, Section

Ref = Literal["branch", "default"]
"""The code that an environment runs: a pull request's branch, or the default branch."""


def own_variable(environment: str, name: str) -> str:
    """What an environment's own variable is called: `FLOWLIFT_DEV_API_URL`."""
    return f"FLOWLIFT_{environment.upper().replace('-', '_')}_{name}"


class WorkPoolOverride(ManifestSection, frozen=True):
    """The `work_pool` of some deployments in one environment."""

    name: Annotated[str | UnsetType, Meta(description="The work pool.")] = UNSET
    work_queue_name: Annotated[str | UnsetType, Meta(description="The work queue.")] = UNSET
    job_variables: Annotated[
        dict[str, Any] | UnsetType, Meta(description="Job variables; the manifest's others stay.")
    ] = UNSET


class Override(ManifestSection, frozen=True):
    """What some deployments are in one environment, in the manifest's own keys."""

    parameters: Annotated[
        dict[str, Any] | UnsetType, Meta(description="Parameters; the manifest's others stay.")
    ] = UNSET
    work_pool: WorkPoolOverride | UnsetType = UNSET
    concurrency_limit: Annotated[
        int | dict[str, Any] | UnsetType,
        Meta(description="The concurrency limit, as in the manifest."),
    ] = UNSET


class Environment(Section, frozen=True):
    """An environment: a Prefect workspace, and the policy for what it holds."""

    ref: Annotated[
        Ref,
        Meta(description="The code it runs: the pull request's branch, or the default branch."),
    ] = "default"
    schedules: Annotated[
        Literal["off", "on", "declared"],
        Meta(description="Whether schedules are active: never, always, or as the manifest says."),
    ] = "declared"
    triggers: Annotated[
        Literal["off", "on", "declared"],
        Meta(description="Whether triggers are enabled: never, always, or as the manifest says."),
    ] = "declared"
    pin: Annotated[
        Literal["branch", "commit", "closure"],
        Meta(
            description="What its git_clone steps check out: the branch, whose newest commit runs;"
            " the commit that is applied; or the newest commit that changed something which the"
            " deployment's code reaches."
        ),
    ] = "branch"
    prune: Annotated[
        bool, Meta(description="Delete owned deployments that the manifest no longer declares.")
    ] = True
    on_drift: Annotated[
        Literal["undo", "keep"],
        Meta(
            description="What to do with a field that was changed by hand. Pauses are always kept."
        ),
    ] = "undo"
    verify: Annotated[
        bool,
        Meta(description="Whether `deliver` runs what it applied here, and waits for the end."),
    ] = False
    tags: Annotated[tuple[str, ...], Meta(description="Tags added to each deployment.")] = ()
    pool: Annotated[
        str | None,
        Meta(description="The work pool of every deployment here, whatever the manifest says."),
    ] = None
    variables: Annotated[
        dict[str, str],
        Meta(description="What `{{ $NAME }}` is here, whatever the machine's own variables say."),
    ] = field(default_factory=dict)
    overrides: Annotated[
        dict[str, Override],
        Meta(description="What deployments are here, by a pattern of `flow/deployment`."),
    ] = field(default_factory=dict)
    profile: Annotated[
        str | None,
        Meta(description="A profile of Prefect's own profiles file that has the API's address."),
    ] = None

    @property
    def patches(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        """The overrides as parts of a manifest's entry, each with its pattern."""
        return tuple(
            (pattern, to_builtins(patch, builtin_types=(date, datetime, time)))
            for pattern, patch in self.overrides.items()
        )
