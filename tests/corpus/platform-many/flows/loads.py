from prefect import flow


@flow
def load_customers(limit: int = 10) -> None:
    """Handle one batch."""


@flow
def load_orders(limit: int = 10) -> None:
    """Handle one batch."""


@flow
def load_items(limit: int = 10) -> None:
    """Handle one batch."""


@flow
def load_prices(limit: int = 10) -> None:
    """Handle one batch."""


@flow
def load_stock(limit: int = 10) -> None:
    """Handle one batch."""


@flow
def load_returns(limit: int = 10) -> None:
    """Handle one batch."""
