from prefect import flow

from columns import KEEP


@flow
def etl_run(keep: tuple = KEEP) -> None:
    """Keep some columns."""
