from prefect import flow


@flow
def slug_twice(limit: int = 10) -> None:
    """Handle one batch."""
