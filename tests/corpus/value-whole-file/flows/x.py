from prefect import flow


@flow
def whole_file(limit: int = 10) -> None:
    """Handle one batch."""
