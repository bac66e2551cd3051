from prefect import flow


@flow
def secrets_clear(limit: int = 10) -> None:
    """Handle one batch."""
