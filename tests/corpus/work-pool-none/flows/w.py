from prefect import flow


@flow
def poolless(limit: int = 10) -> None:
    """Handle one batch."""
