from prefect import flow


@flow
def pool_null(limit: int = 10) -> None:
    """Handle one batch."""
