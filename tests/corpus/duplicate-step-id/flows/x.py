from prefect import flow


@flow
def id_twice(limit: int = 10) -> None:
    """Handle one batch."""
