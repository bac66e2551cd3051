from prefect import flow


@flow
def sync_ads(limit: int = 10) -> None:
    """Handle one batch."""
