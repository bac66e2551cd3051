from prefect import flow


@flow
def enforced(limit: int = 10) -> None:
    """Handle one batch."""
