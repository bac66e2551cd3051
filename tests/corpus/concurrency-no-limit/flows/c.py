from prefect import flow


@flow
def limited_none(limit: int = 10) -> None:
    """Handle one batch."""
