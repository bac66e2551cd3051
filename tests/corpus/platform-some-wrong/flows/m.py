from prefect import flow


@flow
def some_wrong(limit: int = 10) -> None:
    """Handle one batch."""
