from prefect import flow


@flow
def pausable(limit: int = 10) -> None:
    """Handle one batch."""
