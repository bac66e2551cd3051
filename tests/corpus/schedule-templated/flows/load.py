from prefect import flow


@flow
def load_ledger(limit: int = 10) -> None:
    """Handle one batch."""
