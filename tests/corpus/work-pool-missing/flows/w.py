from prefect import flow


@flow
def pool_missing(limit: int = 10) -> None:
    """Handle one batch."""
