from prefect import flow


@flow
def number_version(limit: int = 10) -> None:
    """Handle one batch."""
