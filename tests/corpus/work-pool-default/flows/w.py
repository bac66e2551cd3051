from prefect import flow


@flow
def defaulted(limit: int = 10) -> None:
    """Handle one batch."""
