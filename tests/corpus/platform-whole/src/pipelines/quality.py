from typing import Literal

from prefect import flow


@flow(name="quality checks", version="2")
def run(level: Literal["fast", "full"] = "fast", thresholds: dict[str, float] | None = None) -> None:
    """Check what is in the lake."""
