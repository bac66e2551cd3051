"""`[tool.flowlift.ci]`: the workflows that `flowlift ci write` writes."""

from __future__ import annotations

from pydantic import Field

from flowlift.config.section import Section


class Ci(Section):
    """Where the jobs of the workflows run, and what they are called."""

    runner: str = Field(
        "ubuntu-latest", description="The label of the runner for jobs that need no environment."
    )
    runners: dict[str, str] = Field(
        default_factory=dict,
        description="The label of the runner of an environment's worker jobs: its own machine.",
    )
    python: str = Field("3.12", description="The Python that the jobs use.")
