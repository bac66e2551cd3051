from prefect import flow


@flow
def aliasless(limit: int = 10) -> None:
    """Handle one batch."""
