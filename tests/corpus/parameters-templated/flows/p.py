from typing import Any

from prefect import flow


@flow
def templated_parameters(config: Any = None, limit: int = 10, names: list[str] | None = None, day: Any = None) -> None:
    """Take what is given."""
