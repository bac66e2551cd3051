from prefect import flow


@flow
def chosen_root(limit: int = 10) -> None:
    """Handle one batch."""
