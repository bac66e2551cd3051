from prefect import flow


@flow
def text_pull(limit: int = 10) -> None:
    """Handle one batch."""
