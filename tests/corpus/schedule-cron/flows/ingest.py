from prefect import flow


@flow
def ingest_orders(limit: int = 10) -> None:
    """Handle one batch."""
