from prefect import flow


@flow
def limited_text(limit: int = 10) -> None:
    """Handle one batch."""
