"""The clock of the running loop: nobody sets it back or forward, and tests can let it run."""

from __future__ import annotations

import asyncio


def loop_time() -> float:
    """Seconds since some moment, within the loop that runs."""
    return asyncio.get_running_loop().time()
