from prefect import flow


@flow
def stock_flow(limit: int = 10) -> None:
    """Handle one batch."""
