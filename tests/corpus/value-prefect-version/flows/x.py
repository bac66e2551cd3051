from prefect import flow


@flow
def top_version(limit: int = 10) -> None:
    """Handle one batch."""
