from prefect import flow


@flow
def chosen_team(limit: int = 10) -> None:
    """Handle one batch."""
