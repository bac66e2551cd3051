from prefect import flow


@flow
def sales_flow(limit: int = 10) -> None:
    """Handle one batch."""
