from prefect import flow


@flow
def numbered_flow(limit: int = 10) -> None:
    """Handle one batch."""
