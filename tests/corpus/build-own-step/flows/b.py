from prefect import flow


@flow
def built_own(limit: int = 10) -> None:
    """Handle one batch."""
