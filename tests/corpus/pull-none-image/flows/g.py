from prefect import flow


@flow
def pulling_image(limit: int = 10) -> None:
    """Handle one batch."""
