from prefect import flow


@flow
def silver_layer(limit: int = 10) -> None:
    """Handle one batch."""
