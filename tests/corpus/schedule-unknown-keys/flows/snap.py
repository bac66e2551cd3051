from prefect import flow


@flow
def snapshot_wallet(limit: int = 10) -> None:
    """Handle one batch."""
