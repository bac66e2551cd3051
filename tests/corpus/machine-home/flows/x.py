from prefect import flow


@flow
def machine_home(limit: int = 10) -> None:
    """Handle one batch."""
