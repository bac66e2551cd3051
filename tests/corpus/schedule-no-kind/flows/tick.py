from prefect import flow


@flow
def tick_kind(limit: int = 10) -> None:
    """Handle one batch."""
