from prefect import flow


@flow
def mapping_triggers(limit: int = 10) -> None:
    """Handle one batch."""
