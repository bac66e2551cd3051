from prefect import flow


@flow
def reacting_key(limit: int = 10) -> None:
    """Handle one batch."""
