from prefect import flow


@flow
def tagged_number(limit: int = 10) -> None:
    """Handle one batch."""
