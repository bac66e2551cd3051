from prefect import flow


@flow
def update_emptied(limit: int = 10) -> None:
    """Handle one batch."""
