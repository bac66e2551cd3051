from prefect import flow


@flow
def named_many_ways(limit: int = 10) -> None:
    """Handle one batch."""
