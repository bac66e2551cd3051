from prefect import flow


@flow(version="7.1")
def versioned_by_decorator():
    """Has a version."""


@flow
def versioned_by_git():
    """Has none."""
