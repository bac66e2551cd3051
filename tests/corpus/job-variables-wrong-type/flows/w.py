from prefect import flow


@flow
def variables_wrong(limit: int = 10) -> None:
    """Handle one batch."""
