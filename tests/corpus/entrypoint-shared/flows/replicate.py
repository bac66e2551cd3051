from prefect import flow


@flow
def replicate(source: str, target: str = "lake", batch: int = 1000) -> None:
    """Copy a source into a target."""
