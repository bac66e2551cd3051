from prefect import flow


@flow
def cutter_flow(limit: int = 10) -> None:
    """Handle one batch."""
