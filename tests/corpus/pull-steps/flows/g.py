from prefect import flow


@flow
def pulled(limit: int = 10) -> None:
    """Handle one batch."""
