from prefect import flow


@flow
def update_pool(limit: int = 10) -> None:
    """Handle one batch."""
