from prefect import flow


@flow
def branch_empty(limit: int = 10) -> None:
    """Handle one batch."""
