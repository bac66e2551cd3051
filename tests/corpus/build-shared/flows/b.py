from prefect import flow


@flow
def shared_build(limit: int = 10) -> None:
    """Handle one batch."""
