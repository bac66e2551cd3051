import functools

from prefect import flow, task


def audited(function):
    @functools.wraps(function)
    def inner(*arguments, **options):
        return function(*arguments, **options)

    return inner


@flow
async def fetch_pages(url: str, pages: int = 3) -> list[str]:
    """Fetch pages one by one."""
    return [url] * pages


@flow(
    name="stream events",
    retries=2,
    retry_delay_seconds=30,
    timeout_seconds=600,
    log_prints=True,
    persist_result=False,
)
def stream_events(topic: str = "clicks"):
    yield topic


@flow(flow_run_name="sum-of-{left}-and-{right}", validate_parameters=False)
def add_up(left: int, right: int) -> int:
    return left + right


@flow
@audited
def audited_transfer(amount: float, currency: str = "EUR") -> None:
    """Move money, and say so."""


@task
def helper() -> None:
    pass
