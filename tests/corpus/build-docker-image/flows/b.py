from prefect import flow


@flow
def containerised(limit: int = 10) -> None:
    """Handle one batch."""
