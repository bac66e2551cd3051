from datetime import date

from prefect import flow, task


@task(retries=2)
def fetch(source: str) -> list[dict]:
    return [{"source": source}]


@flow(name="orders: ingest", log_prints=True)
def ingest(source: str, day: date | None = None, batch: int = 500) -> int:
    """Bring in the orders of one day.

    Args:
        source: the shop's name
        day: yesterday where not given
        batch: rows at a time
    """
    return len(fetch(source))


@flow(name="orders: publish", description="Publish what was ingested.")
async def publish(tables: list[str], notify: bool = True) -> None:
    print(tables)
