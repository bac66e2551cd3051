from prefect import flow


@flow
def unmentioned(limit: int = 10) -> None:
    """Handle one batch."""
