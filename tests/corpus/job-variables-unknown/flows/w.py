from prefect import flow


@flow
def variables_unknown(limit: int = 10) -> None:
    """Handle one batch."""
