from prefect import flow


@flow
def reacting_metric(limit: int = 10) -> None:
    """Handle one batch."""
