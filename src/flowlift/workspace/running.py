"""Work with a workspace from code that is not asynchronous, and what an interruption does to it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from flowlift.workspace.client import Client
from flowlift.workspace.endpoint import Endpoint

T = TypeVar("T")

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""What ends a run in good order: Ctrl-C, and the word of a CI that cancels a job."""


def with_client(endpoint: Endpoint, work: Callable[[Client], Awaitable[T]]) -> T:
    """Do `work` with a client of `endpoint`, and return what it gives.

    The first signal cancels the work, which may still end in a result: what was written, for one.
    The second ends it at once.

    Raises:
        KeyboardInterrupt: the work was cancelled and gave no result.
    """

    async def main() -> T:
        async with Client(endpoint) as client:
            doing = asyncio.ensure_future(work(client))
            with _cancelled_by_signals(doing):
                return await doing

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


@contextmanager
def _cancelled_by_signals(doing: asyncio.Future[T]) -> Iterator[None]:
    """Let the first signal cancel `doing`, as only Python 3.11 does, and for Ctrl-C alone.

    A signal that is ignored stays so, as for whatever a shell started in the background.
    """
    loop = asyncio.get_running_loop()
    heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]

    def release() -> None:
        for number in heard:
            loop.remove_signal_handler(number)

    def cancel() -> None:
        release()
        doing.cancel()

    try:
        for number in heard:
            loop.add_signal_handler(number, cancel)
    except (NotImplementedError, RuntimeError, ValueError):
        # Not on Windows, and not outside the main thread: there the interpreter's own way holds.
        yield
    else:
        try:
            yield
        finally:
            release()
