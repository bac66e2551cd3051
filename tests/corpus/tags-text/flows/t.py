from prefect import flow


@flow
def tagged_text(limit: int = 10) -> None:
    """Handle one batch."""
