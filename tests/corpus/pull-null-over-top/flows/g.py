from prefect import flow


@flow
def pulling_null(limit: int = 10) -> None:
    """Handle one batch."""
