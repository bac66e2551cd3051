from prefect import flow


@flow
def pulling(limit: int = 10) -> None:
    """Handle one batch."""
