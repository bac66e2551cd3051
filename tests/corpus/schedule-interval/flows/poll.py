from prefect import flow


@flow
def poll_queue(limit: int = 10) -> None:
    """Handle one batch."""
