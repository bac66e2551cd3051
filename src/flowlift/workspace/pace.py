"""How many requests are under way at once: as many as the server answers without queueing them.

A server says how busy it is by how long it takes. While an answer takes about as long as the
fastest of its kind, one more request at a time costs nothing; when answers take longer, requests
only wait in the server's queue instead of here; and a refusal (429, 503) says that there are too
many. So the number grows, holds and shrinks with the answers, as the window of TCP Vegas does and
Netflix's concurrency-limits.

What that does, measured on Prefect 3.8.8: a server on SQLite refuses three of four writes as soon
as two are under way, so it gets one at a time; on PostgreSQL two at a time are a quarter faster
than one, and more are no faster; behind 100 ms of network eight and more pay.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from flowlift.workspace.clock import loop_time

ROOM = 1.5
"""Answers that take up to so many times the fastest leave room for one more request."""

CROWDED = 2.0
"""Answers that take more than so many times the fastest say that some requests only wait."""

PATIENCE = 32
"""Good answers to wait for after a refusal, before one more request is tried again."""

IMPATIENT_AGAIN = 4
"""How many times longer each further refusal makes that wait."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The leave to send one request; `era` is the number in force when it was given."""

    era: int


class Pace:
    """Gives turns to requests, and learns from their answers how many to give at once.

    `start` is the number to begin with, `most` the number never to exceed. `peak` is the most
    that were ever under way.
    """

    def __init__(self, *, start: int, most: int) -> None:
        self.limit = start
        self.under_way = 0
        self.peak = 0
        self.refusals = 0
        self._most = most
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._fastest: dict[str, float] = {}
        self._slowness: list[float] = []
        self._era = 0
        self._doubling = True
        self._used = False
        self._hold = 0
        self._good = 0
        self._grown = False
        self._patience = PATIENCE
        self._closed_until = 0.0

    def near(self) -> None:
        """The server is so near that waiting for it costs little, and more at once gains little."""
        self._doubling = False
        self._hold = max(self._hold, self._patience * IMPATIENT_AGAIN)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        """Wait until one more request may be sent; it is over when the block is left."""
        await self._enter()
        try:
            yield Turn(self._era)
        finally:
            self.under_way -= 1
            self._admit()

    def answered(self, turn: Turn, kind: str, seconds: float) -> None:
        """Learn from an answer; only answers of one `kind` are compared with each other."""
        fastest = min(seconds, self._fastest.get(kind, seconds))
        self._fastest[kind] = fastest
        self._good += 1
        self._hold = max(0, self._hold - 1)
        if turn.era != self._era:
            return
        self._slowness.append(seconds / fastest if fastest else 1.0)
        if len(self._slowness) < self.limit:
            return
        slowness = sum(self._slowness) / len(self._slowness)
        used, self._used = self._used, False
        self._slowness.clear()
        if slowness > CROWDED and self.limit > 1:
            self._doubling = False
            self._change(self.limit - max(1, self.limit // 4))
        elif slowness > ROOM:
            self._doubling = False
        elif used and not self._hold:
            self._grown = True
            self._change(self.limit * 2 if self._doubling else self.limit + 1)

    def refused(self, turn: Turn, *, wait: float = 0.0) -> None:
        """The server had too many requests; it may have said how many seconds to `wait`."""
        self.refusals += 1
        if wait:
            self._closed_until = max(self._closed_until, loop_time() + wait)
        if turn.era != self._era:
            return  # one of a crowd that has been answered for already
        # A server that has not taken a single round since the last cut refuses for the time being,
        # whatever the number: fewer at once would only make us slow when it opens again.
        cut = self._grown or self._good >= self.limit
        if self._grown:
            self._patience *= IMPATIENT_AGAIN
        self._grown = self._doubling = False
        self._hold = self._patience
        if cut:
            self._change(self.limit // 2)

    def _change(self, limit: int) -> None:
        self.limit = min(max(1, limit), self._most)
        self._good = 0
        self._era += 1
        self._slowness.clear()
        self._admit()

    async def _enter(self) -> None:
        if self._waiting or self.under_way >= self.limit:
            leave: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(leave)
            try:
                await leave
            except asyncio.CancelledError:
                self._give_back(leave)
                raise
        else:
            self._count()
        try:
            while (pause := self._closed_until - loop_time()) > 0:
                await asyncio.sleep(pause)
        except asyncio.CancelledError:
            self.under_way -= 1
            self._admit()
            raise

    def _count(self) -> None:
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)
        self._used = self._used or self.under_way >= self.limit

    def _admit(self) -> None:
        while self._waiting and self.under_way < self.limit:
            leave = self._waiting.popleft()
            if not leave.done():
                self._count()
                leave.set_result(None)

    def _give_back(self, leave: asyncio.Future[None]) -> None:
        """A cancelled request returns the turn that it may just have been given."""
        if leave.done() and not leave.cancelled():
            self.under_way -= 1
            self._admit()
