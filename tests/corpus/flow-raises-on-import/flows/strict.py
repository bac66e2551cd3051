import os

from prefect import flow

REGION = os.environ["REGION_THAT_NOBODY_SET"]


@flow
def strict_region(region: str = "north") -> None:
    """Needs its environment."""
