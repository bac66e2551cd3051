from prefect import flow


@flow
def list_parameters(limit: int = 10) -> None:
    """Handle one batch."""
