from prefect import flow, task


def plain_function(x: int) -> int:
    return x


@task
def some_task() -> None:
    pass


@flow
def real_flow() -> None:
    some_task()
