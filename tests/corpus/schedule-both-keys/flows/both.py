from prefect import flow


@flow
def mirror_table(limit: int = 10) -> None:
    """Handle one batch."""
