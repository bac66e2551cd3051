from prefect import flow


@flow
def tick_broken(limit: int = 10) -> None:
    """Handle one batch."""
