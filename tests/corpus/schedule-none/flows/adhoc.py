from prefect import flow


@flow
def adhoc_query(limit: int = 10) -> None:
    """Handle one batch."""
