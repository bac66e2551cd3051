from prefect import flow


@flow
def tick_zero(limit: int = 10) -> None:
    """Handle one batch."""
