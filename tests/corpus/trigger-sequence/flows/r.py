from prefect import flow


@flow
def reacting_sequence(limit: int = 10) -> None:
    """Handle one batch."""
