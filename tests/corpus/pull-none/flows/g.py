from prefect import flow


@flow
def pulling_nothing(limit: int = 10) -> None:
    """Handle one batch."""
