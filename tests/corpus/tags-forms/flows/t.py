from prefect import flow


@flow
def tagged(limit: int = 10) -> None:
    """Handle one batch."""
