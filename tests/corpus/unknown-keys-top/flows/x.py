from prefect import flow


@flow
def unknown_top_keys(limit: int = 10) -> None:
    """Handle one batch."""
