from prefect import flow


@flow
def unknown_pool_keys(limit: int = 10) -> None:
    """Handle one batch."""
