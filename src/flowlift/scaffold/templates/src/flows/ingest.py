"""Takes in what a station has measured."""

from datetime import date

from prefect import flow, get_run_logger, task

from src.shared.readings import Reading, plausible, read_day


@task(retries=2, retry_delay_seconds=5)
def read(station: str, day: date) -> list[Reading]:
    """Read a day from a station, again where that fails."""
    return read_day(station, day)


@flow
def ingest(station: str = "north", day: date | None = None) -> int:
    """Take in a day's temperatures of a station.

    Args:
        station: The station's name.
        day: The day to read; today by default.
    """
    readings = read(station, day or date.today())
    good = plausible(readings)
    get_run_logger().info("%s: %d readings, %d of them good", station, len(readings), len(good))
    return len(good)
