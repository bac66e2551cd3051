from prefect import flow


@flow
def sized(limit: int = 10) -> None:
    """Handle one batch."""
