"""`[tool.flowlift.ci]`: the workflows that `flowlift ci write` writes."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from flowlift.config.section import Section

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FORGES_OWN = ("GITHUB_", "GITEA_", "CI_", "RUNNER_", "ACTIONS_")


class Ci(Section):
    """Where the jobs of the workflows run, and what they get."""

    runner: str = Field(
        "ubuntu-latest", description="The label of the runner for jobs that need no environment."
    )
    runners: dict[str, str] = Field(
        default_factory=dict,
        description="The label of the runner of an environment's worker jobs: its own machine.",
    )
    python: str = Field("3.12", description="The Python that the jobs use.")
    install: Literal["lock", "index"] | None = Field(
        None,
        description="Where the jobs get flowlift from: uv.lock, or the package index. By default"
        " the lock, where it has flowlift.",
    )
    requirement: str | None = Field(
        None,
        description="What is installed from the index: by default the version that writes the"
        " workflows, as in `flowlift==1.2.0`.",
    )
    variables: tuple[str, ...] = Field(
        (), description="Variables of the forge that manifests use, as in `{{ $REGION }}`."
    )
    secrets: tuple[str, ...] = Field((), description="The same for secrets of the forge.")
    preview: bool = Field(
        True,
        description="Whether a pull request shows what the merge will change in the environments"
        " of the default branch. Its jobs then need to read them.",
    )
    timeout: int = Field(60, gt=0, description="Minutes until a job is ended.")
    queue: Literal["all", "newest"] = Field(
        "all",
        description="Whether all runs wait for their turn at an environment, or only the newest of"
        " each pull request, for forges that know no queue: Gitea, GitHub Enterprise Server.",
    )

    @field_validator("variables", "secrets")
    @classmethod
    def _are_variables(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not _VARIABLE.fullmatch(name) or name.upper().startswith(_FORGES_OWN):
                raise ValueError(f"no variable of yours can be called {name!r}")
        return tuple(dict.fromkeys(value))

    @field_validator("runner", "python", "requirement")
    @classmethod
    def _is_plain(cls, value: str | None) -> str | None:
        return value if value is None else _plain(value)

    @field_validator("runners")
    @classmethod
    def _are_plain(cls, value: dict[str, str]) -> dict[str, str]:
        return {name: _plain(label) for name, label in value.items()}


def _plain(value: str) -> str:
    """Text that a forge reads as it stands: no line break, and no expression of its own."""
    if not value.strip() or not value.isprintable() or "${{" in value or "$[[" in value:
        raise ValueError(f"{value!r} is empty, or a forge would read it as an expression")
    return value
