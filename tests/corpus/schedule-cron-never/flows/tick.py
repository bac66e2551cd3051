from prefect import flow


@flow
def tick_never(limit: int = 10) -> None:
    """Handle one batch."""
