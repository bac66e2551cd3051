from prefect import flow


@flow
def tick_clock(limit: int = 10) -> None:
    """Handle one batch."""
