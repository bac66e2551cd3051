"""Time as a model: it jumps to the next thing that happens.

So a test waits for nothing, however long what it tells takes, and depends on no machine's speed.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class JumpingSelector(selectors.DefaultSelector):
    """Never waits: says at once how long it was told to."""

    waited = 0.0

    def select(self, timeout: float | None = None) -> Any:
        self.waited += timeout or 0.0
        return super().select(0)


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes only by waiting."""

    def __init__(self) -> None:
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.waited


def run(main: Coroutine[Any, Any, T]) -> T:
    """What `main` gives, in a model of time that begins at 0."""
    loop = JumpingLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        loop.close()
