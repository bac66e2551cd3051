from prefect import flow


@flow
def silenced_key(limit: int = 10) -> None:
    """Handle one batch."""
