from prefect import flow


@flow
def key_twice(limit: int = 10) -> None:
    """Handle one batch."""
