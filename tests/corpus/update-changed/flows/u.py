from prefect import flow


@flow
def update_changed(limit: int = 10) -> None:
    """Handle one batch."""
