from prefect import flow


@flow
def limited_grace(limit: int = 10) -> None:
    """Handle one batch."""
