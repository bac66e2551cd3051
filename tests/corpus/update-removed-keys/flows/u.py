from prefect import flow


@flow
def update_removed_keys(limit: int = 10) -> None:
    """Handle one batch."""
