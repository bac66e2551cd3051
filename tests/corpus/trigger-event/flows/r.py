from prefect import flow


@flow
def reacting(limit: int = 10) -> None:
    """Handle one batch."""
