from prefect import flow


@flow
def cloned(limit: int = 10) -> None:
    """Handle one batch."""
