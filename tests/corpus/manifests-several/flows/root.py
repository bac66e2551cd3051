from prefect import flow


@flow
def root_flow(limit: int = 10) -> None:
    """Handle one batch."""
