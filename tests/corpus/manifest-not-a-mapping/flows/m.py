from prefect import flow


@flow
def listed_top(limit: int = 10) -> None:
    """Handle one batch."""
