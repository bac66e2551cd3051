"""How the time of some work grows with its size: a ratio, which no machine's speed changes."""

from __future__ import annotations

import time
from collections.abc import Callable


def growth(small: Callable[[], object], large: Callable[[], object]) -> float:
    """How many times the processor's time of `small` it takes to do `large`; the best of two."""
    return min(_seconds(large) for _ in range(2)) / min(_seconds(small) for _ in range(2))


def _seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun
