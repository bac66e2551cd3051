from prefect import flow


@flow
def unnamed_entry(limit: int = 10) -> None:
    """Handle one batch."""
