from prefect import flow


@flow
def reacting_compound(limit: int = 10) -> None:
    """Handle one batch."""
