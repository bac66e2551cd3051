from prefect import flow


@flow
def here_flow(limit: int = 10) -> None:
    """Handle one batch."""
