from prefect import flow


@flow
def auto_image(limit: int = 10) -> None:
    """Handle one batch."""
