from prefect import flow


@flow
def update_signature(a: int, c: list[int] | None = None) -> None:
    """After."""
