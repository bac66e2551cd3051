from prefect import flow


@flow
def tagged_nested(limit: int = 10) -> None:
    """Handle one batch."""
