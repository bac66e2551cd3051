from prefect import flow


@flow
def adhoc_export(limit: int = 10) -> None:
    """Handle one batch."""
