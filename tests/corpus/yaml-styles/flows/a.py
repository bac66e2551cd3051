from prefect import flow


@flow
def styled(limit: int = 10) -> None:
    """Handle one batch."""
