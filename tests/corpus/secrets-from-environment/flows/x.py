from prefect import flow


@flow
def secrets_environment(limit: int = 10) -> None:
    """Handle one batch."""
