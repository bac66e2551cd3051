from datetime import date

from prefect import flow


@flow
def param_text(region: str, day: date, limit: int = 10, share: float = 0.5, names: list[str] | None = None) -> None:
    """Handle one region."""
