import duckdb_not_installed

from prefect import flow


@flow
def frame_split(parts: int = 2) -> None:
    """Split a frame."""
