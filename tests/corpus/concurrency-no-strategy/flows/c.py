from prefect import flow


@flow
def limited_alone(limit: int = 10) -> None:
    """Handle one batch."""
