from prefect import flow


@flow
def update_same(limit: int = 10) -> None:
    """Handle one batch."""
