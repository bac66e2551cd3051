from prefect import flow


@flow
def built_each(limit: int = 10) -> None:
    """Handle one batch."""
