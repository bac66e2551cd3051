from prefect import flow


@flow
def encoded(limit: int = 10) -> None:
    """Handle one batch."""
