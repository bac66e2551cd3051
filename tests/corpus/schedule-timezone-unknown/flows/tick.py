from prefect import flow


@flow
def tick_zone(limit: int = 10) -> None:
    """Handle one batch."""
