from prefect import flow


@flow
def sync_crm(limit: int = 10) -> None:
    """Handle one batch."""
