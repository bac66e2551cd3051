from prefect import flow


@flow
def tick_twice(limit: int = 10) -> None:
    """Handle one batch."""
