from prefect import flow


@flow
def pulling_empty(limit: int = 10) -> None:
    """Handle one batch."""
