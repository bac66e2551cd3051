from prefect import flow


@flow
def two_keys(limit: int = 10) -> None:
    """Handle one batch."""
