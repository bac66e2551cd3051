from prefect import flow


@flow
def twice_named(limit: int = 10) -> None:
    """Handle one batch."""
