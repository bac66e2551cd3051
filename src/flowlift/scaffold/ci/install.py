"""How a job gets flowlift: from the repository's lock, or one version from the package index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flowlift.config import Ci


@dataclass(frozen=True, slots=True)
class Install:
    """The words that run flowlift, and the variables that they read."""

    command: str
    environ: Mapping[str, str] = field(default_factory=dict)


def choose(ci: Ci, *, locked: bool, version: str) -> Install:
    """How the jobs run flowlift; `locked` says whether uv.lock has it, `version` is this one's."""
    if ci.install == "lock" or (ci.install is None and ci.requirement is None and locked):
        return Install("uv run --locked flowlift")
    requirement = ci.requirement or f"flowlift=={version}"
    return Install('uvx --from "$FLOWLIFT" flowlift', {"FLOWLIFT": requirement})
