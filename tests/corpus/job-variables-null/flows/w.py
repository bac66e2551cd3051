from prefect import flow


@flow
def variables_null(limit: int = 10) -> None:
    """Handle one batch."""
