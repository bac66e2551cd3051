from prefect import flow


@flow
def notify_teams(limit: int = 10) -> None:
    """Handle one batch."""
