from prefect import flow

from warehouse.tables import TABLES


@flow
def load_warehouse(tables: list[str] = list(TABLES)) -> None:
    """Load the tables that are named."""
