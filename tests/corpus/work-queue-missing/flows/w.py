from prefect import flow


@flow
def queue_missing(limit: int = 10) -> None:
    """Handle one batch."""
