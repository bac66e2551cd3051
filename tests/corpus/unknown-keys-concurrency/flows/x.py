from prefect import flow


@flow
def unknown_limit_key(limit: int = 10) -> None:
    """Handle one batch."""
