from prefect import flow


@flow
def stepless(limit: int = 10) -> None:
    """Handle one batch."""
