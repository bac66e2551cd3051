from prefect import flow


@flow
def word_enforced(limit: int = 10) -> None:
    """Handle one batch."""
