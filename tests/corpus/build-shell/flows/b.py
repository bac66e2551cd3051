from prefect import flow


@flow
def built(limit: int = 10, release: str = "", size: int = 0) -> None:
    """Handle one batch."""
