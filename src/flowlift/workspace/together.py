"""Doing several things at the same time, all or none: the first failure ends the others."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any


async def together(tasks: Iterable[Coroutine[Any, Any, Any]]) -> list[Any]:
    """The results in order; when one fails, the others are cancelled before its error is raised.

    As `asyncio.TaskGroup`, which Python 3.10 has not, but with the error itself and no group.
    """
    started = [asyncio.ensure_future(task) for task in tasks]
    try:
        return list(await asyncio.gather(*started))
    finally:
        for task in started:
            task.cancel()
        await asyncio.gather(*started, return_exceptions=True)
