from prefect import flow


@flow
def tagged_null(limit: int = 10) -> None:
    """Handle one batch."""
