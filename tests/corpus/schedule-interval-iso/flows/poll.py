from prefect import flow


@flow
def poll_sensor(limit: int = 10) -> None:
    """Handle one batch."""
