from prefect import flow


@flow
def named_slash(limit: int = 10) -> None:
    """Handle one batch."""
