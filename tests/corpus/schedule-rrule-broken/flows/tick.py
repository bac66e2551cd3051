from prefect import flow


@flow
def tick_rule(limit: int = 10) -> None:
    """Handle one batch."""
