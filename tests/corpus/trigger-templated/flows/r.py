from prefect import flow


@flow
def reacting_templated(limit: int = 10) -> None:
    """Handle one batch."""
