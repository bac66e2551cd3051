from datetime import date

from prefect import flow


@flow
def regional_report(region: str, depth: int = 1, since: date | None = None, labels: dict | None = None) -> None:
    """Write the figures of one region."""
