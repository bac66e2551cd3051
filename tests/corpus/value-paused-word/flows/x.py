from prefect import flow


@flow
def word_paused(limit: int = 10) -> None:
    """Handle one batch."""
