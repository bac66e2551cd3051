from prefect import flow


@flow
def machine_pwd(limit: int = 10) -> None:
    """Handle one batch."""
