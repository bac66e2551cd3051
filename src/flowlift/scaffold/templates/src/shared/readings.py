"""Temperatures of weather stations: what the flows of this platform share.

A change here reaches both flows, and so the deployments of both: `flowlift plan dev` shows it.
"""

import math
import zlib
from dataclasses import dataclass
from datetime import date

HOURS = 24
COLDEST, HOTTEST = -60.0, 60.0


@dataclass(frozen=True)
class Reading:
    """A temperature in degrees Celsius, at a station in an hour of a day."""

    station: str
    day: date
    hour: int
    celsius: float


def read_day(station: str, day: date) -> list[Reading]:
    """The readings of a day, by hour.

    They are made up, and the same each time. Read them from where yours are.
    """
    base = zlib.crc32(f"{station} {day}".encode()) % 20
    return [
        Reading(station, day, hour, base + 5 * math.sin((hour - 8) * math.pi / 12))
        for hour in range(HOURS)
    ]


def plausible(readings: list[Reading]) -> list[Reading]:
    """The readings without those that no weather can give."""
    return [reading for reading in readings if COLDEST <= reading.celsius <= HOTTEST]
