from prefect import flow


@flow
def conflicted(limit: int = 10) -> None:
    """Handle one batch."""
