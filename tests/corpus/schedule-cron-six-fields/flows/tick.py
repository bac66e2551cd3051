from prefect import flow


@flow
def tick_seconds(limit: int = 10) -> None:
    """Handle one batch."""
