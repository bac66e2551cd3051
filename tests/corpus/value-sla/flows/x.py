from prefect import flow


@flow
def with_sla(limit: int = 10) -> None:
    """Handle one batch."""
