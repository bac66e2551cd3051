from prefect import flow


@flow
def close_books(limit: int = 10) -> None:
    """Handle one batch."""
