from prefect import flow

from acme.settings import RETRIES


@flow(name="acme nightly", retries=3, description="Rebuild what changed during the day.")
def nightly(day: str = "yesterday", rows: int = 5) -> None:
    print(RETRIES)
