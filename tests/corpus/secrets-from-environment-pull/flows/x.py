from prefect import flow


@flow
def secrets_pull(limit: int = 10) -> None:
    """Handle one batch."""
