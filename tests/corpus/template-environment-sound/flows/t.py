from typing import Any

from prefect import flow


@flow
def env_sound(a: Any = None, b: Any = None, c: Any = None, d: Any = None, e: Any = None) -> None:
    """Take what is given."""
