from prefect import flow


@flow
def malformed_entry(limit: int = 10) -> None:
    """Handle one batch."""
