from prefect import flow


@flow
def anchored(limit: int = 10) -> None:
    """Handle one batch."""


@flow
def anchored_too(limit: int = 10) -> None:
    """Handle one batch."""
