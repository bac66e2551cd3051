from prefect import flow


@flow
def number_description(limit: int = 10) -> None:
    """Handle one batch."""
