from prefect import flow


@flow
def ambiguous_root(limit: int = 10) -> None:
    """Handle one batch."""
