from prefect import flow


@flow
def nameless_flow(limit: int = 10) -> None:
    """Handle one batch."""
