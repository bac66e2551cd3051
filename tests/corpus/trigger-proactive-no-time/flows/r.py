from prefect import flow


@flow
def reacting_when(limit: int = 10) -> None:
    """Handle one batch."""
