from prefect import flow
from names_not_installed import PREFIX


@flow(name=PREFIX + "-merge")
def frame_merge(rows: int = 1) -> None:
    """Merge frames."""
