from prefect import flow


@flow
def tagged_variable(limit: int = 10) -> None:
    """Handle one batch."""
