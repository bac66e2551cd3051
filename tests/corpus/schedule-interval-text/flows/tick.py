from prefect import flow


@flow
def tick_meter(limit: int = 10) -> None:
    """Handle one batch."""
