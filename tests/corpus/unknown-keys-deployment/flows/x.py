from prefect import flow


@flow
def unknown_keys(limit: int = 10) -> None:
    """Handle one batch."""
