"""Reports what the stations have measured."""

from datetime import date, timedelta
from statistics import mean

from prefect import flow, get_run_logger

from src.shared.readings import plausible, read_day


@flow
def report(stations: list[str], days: int = 1) -> dict[str, float]:
    """Report the mean temperature of each station.

    Args:
        stations: The stations' names.
        days: How many days to look back, today included.
    """
    today = date.today()
    means = {}
    for station in stations:
        readings = [
            reading
            for back in range(days)
            for reading in plausible(read_day(station, today - timedelta(days=back)))
        ]
        means[station] = round(mean(reading.celsius for reading in readings), 1)
        get_run_logger().info("%s: %.1f degrees over %d days", station, means[station], days)
    return means
