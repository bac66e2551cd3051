from prefect import flow


@flow
def unknown_input(limit: int = 10) -> None:
    """Handle one batch."""
