from prefect import flow


@flow
def bronze_layer(limit: int = 10) -> None:
    """Handle one batch."""
