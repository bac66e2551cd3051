from prefect import flow


@flow
def labelled(limit: int = 10) -> None:
    """Handle one batch."""
