from prefect import flow


@flow
def present_flow(limit: int = 10) -> None:
    """Handle one batch."""
