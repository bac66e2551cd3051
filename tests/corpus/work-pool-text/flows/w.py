from prefect import flow


@flow
def pool_text(limit: int = 10) -> None:
    """Handle one batch."""
