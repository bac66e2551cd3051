from prefect import flow


@flow
def hidden_step(limit: int = 10) -> None:
    """Handle one batch."""
