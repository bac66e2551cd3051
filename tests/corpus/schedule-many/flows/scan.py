from prefect import flow


@flow
def scan_bucket(limit: int = 10) -> None:
    """Handle one batch."""
