from prefect import flow


@flow
def train_ranker(limit: int = 10) -> None:
    """Handle one batch."""
