from prefect import flow


@flow
def two_documents(limit: int = 10) -> None:
    """Handle one batch."""
