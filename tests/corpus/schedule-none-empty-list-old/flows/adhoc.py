from prefect import flow


@flow
def adhoc_report(limit: int = 10) -> None:
    """Handle one batch."""
