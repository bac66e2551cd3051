from prefect import flow


@flow
def limited_zero(limit: int = 10) -> None:
    """Handle one batch."""
