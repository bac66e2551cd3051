from prefect import flow


@flow
def pulling_mapping(limit: int = 10) -> None:
    """Handle one batch."""
