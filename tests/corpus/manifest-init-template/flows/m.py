from prefect import flow


@flow
def left_behind(limit: int = 10) -> None:
    """Handle one batch."""
