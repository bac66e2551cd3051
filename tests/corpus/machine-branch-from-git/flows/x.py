from prefect import flow


@flow
def branch_from_git(limit: int = 10) -> None:
    """Handle one batch."""
