from prefect import flow


@flow
def pulling_old(limit: int = 10) -> None:
    """Handle one batch."""
