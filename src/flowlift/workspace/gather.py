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
    if not started:
        return []
    try:
        # Not `gather`: of those it cancels it waits for the first alone, and whoever is ending in
        # good order would be cancelled again.
        done, _ = await asyncio.wait(started, return_when=asyncio.FIRST_EXCEPTION)
        for task in started:
            if task in done:
                task.result()
        return [task.result() for task in started]
    finally:
        for task in started:
            task.cancel()
        await asyncio.gather(*started, return_exceptions=True)
