from prefect import flow


@flow
def defaulted_many(limit: int = 10) -> None:
    """Handle one batch."""
