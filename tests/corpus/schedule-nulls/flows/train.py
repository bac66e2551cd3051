from prefect import flow


@flow
def train_nulls(limit: int = 10) -> None:
    """Handle one batch."""
