"""The clock of the running loop, and the times that others tell.

Nobody sets the loop's clock back or forward, and tests can let it run.
"""

from __future__ import annotations

import asyncio
import re
from datetime import datetime


def loop_time() -> float:
    """Seconds since some moment, within the loop that runs."""
    return asyncio.get_running_loop().time()


def read_time(text: str) -> datetime:
    """A time as Prefect and Go write it: with up to nine digits of a second, which Python does not
    read. The year 1970 where it is none.
    """
    match = re.match(r"(.+?[T ]\d\d:\d\d:\d\d)(\.\d+)? ?(Z|[+-]\d\d:?\d\d)?", text)
    if match is None:
        return datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    day, part, zone = match[1], (match[2] or ".0")[:7].ljust(7, "0"), match[3] or "+00:00"
    zone = "+00:00" if zone == "Z" else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    return datetime.fromisoformat(f"{day.replace(' ', 'T')}{part}{zone}")
