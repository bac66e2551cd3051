from prefect import flow


@flow
def queued(limit: int = 10) -> None:
    """Handle one batch."""
