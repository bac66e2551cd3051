from prefect import flow


@flow
def twice_declared(limit: int = 10) -> None:
    """Handle one batch."""
