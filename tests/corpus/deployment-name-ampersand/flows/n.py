from prefect import flow


@flow
def named_ampersand(limit: int = 10) -> None:
    """Handle one batch."""
