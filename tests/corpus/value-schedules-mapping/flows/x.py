from prefect import flow


@flow
def mapping_schedules(limit: int = 10) -> None:
    """Handle one batch."""
