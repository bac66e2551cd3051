from prefect import flow


@flow
def update_signature(a: int, b: str = "x") -> None:
    """Before."""
