import polars_not_installed as pl

from prefect import flow


@flow(name="frame-build")
def frame_build(rows: int = 100, name: str = "all", columns: list[str] | None = None) -> None:
    """Build a frame."""
    pl.DataFrame()
