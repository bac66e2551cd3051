from prefect import flow


@flow
def ambiguous_team(limit: int = 10) -> None:
    """Handle one batch."""
