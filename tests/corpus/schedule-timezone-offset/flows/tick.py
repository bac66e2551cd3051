from prefect import flow


@flow
def tick_est(limit: int = 10) -> None:
    """Handle one batch."""
