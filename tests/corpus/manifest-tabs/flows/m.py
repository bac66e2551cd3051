from prefect import flow


@flow
def tabbed(limit: int = 10) -> None:
    """Handle one batch."""
