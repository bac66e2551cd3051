from prefect import flow


@flow
def update_schedule_slugless(limit: int = 10) -> None:
    """Handle one batch."""
