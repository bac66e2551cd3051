from prefect import flow


@flow
def with_metadata(limit: int = 10) -> None:
    """Handle one batch."""
