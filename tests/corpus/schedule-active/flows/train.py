from prefect import flow


@flow
def train_model(limit: int = 10) -> None:
    """Handle one batch."""
