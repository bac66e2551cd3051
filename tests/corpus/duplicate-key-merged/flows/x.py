from prefect import flow


@flow
def key_merged(limit: int = 10) -> None:
    """Handle one batch."""
