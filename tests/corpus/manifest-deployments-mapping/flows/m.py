from prefect import flow


@flow
def mapped_top(limit: int = 10) -> None:
    """Handle one batch."""
