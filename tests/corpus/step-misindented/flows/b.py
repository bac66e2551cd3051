from prefect import flow


@flow
def misindented(limit: int = 10) -> None:
    """Handle one batch."""
