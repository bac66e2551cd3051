from typing import Any

from prefect import flow


@flow
def output_typo(a: Any = None, b: Any = None, c: Any = None, d: Any = None, e: Any = None) -> None:
    """Take what is given."""
