from prefect import flow


@flow
def unmentioned_too(limit: int = 10) -> None:
    """Handle one batch."""
