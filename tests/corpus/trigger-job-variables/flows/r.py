from prefect import flow


@flow
def reacting_jobs(limit: int = 10) -> None:
    """Handle one batch."""
