from prefect import flow


@flow
def limited(limit: int = 10) -> None:
    """Handle one batch."""
