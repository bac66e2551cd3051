from prefect import flow


@flow
def failing_build(limit: int = 10) -> None:
    """Handle one batch."""
