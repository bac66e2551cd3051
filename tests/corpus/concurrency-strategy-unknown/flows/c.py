from prefect import flow


@flow
def limited_unknown(limit: int = 10) -> None:
    """Handle one batch."""
