from prefect import flow


@flow
def reacting_unknown(limit: int = 10) -> None:
    """Handle one batch."""
