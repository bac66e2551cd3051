"""How the number of requests under way follows the answers of servers of different kinds.

The servers are models: how long an answer takes, and what is refused, as measured on real ones.
Time is a model, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from flowlift.workspace.pace import Pace
from tests.parts.model_time import run

STEP = 0.02
"""Seconds that a server works on one request."""


async def send(pace: Pace, server: Callable[[], Awaitable[float | None]], times: int) -> float:
    """Send `times` requests through `pace`, again while refused; the seconds it took."""

    async def one() -> None:
        while True:
            async with pace.turn() as turn:
                seconds = await server()
                if seconds is not None:
                    pace.answered(turn, "write", seconds)
                    return
                pace.refused(turn)
            await asyncio.sleep(STEP)

    loop = asyncio.get_running_loop()
    begun = loop.time()
    await asyncio.gather(*(one() for _ in range(times)))
    return loop.time() - begun


class OneAtATime:
    """As SQLite: while one write is under way, another is refused."""

    def __init__(self) -> None:
        self.busy = False
        self.refused = 0

    async def __call__(self) -> float | None:
        if self.busy:
            self.refused += 1
            return None
        self.busy = True
        await asyncio.sleep(STEP)
        self.busy = False
        return STEP


class FarAway:
    """As Prefect Cloud: an answer takes the way there and back, and many fit on the way."""

    async def __call__(self) -> float:
        await asyncio.sleep(5 * STEP)
        return 5 * STEP


class Queue:
    """As one process on PostgreSQL: answers one after the other, later the more there are."""

    def __init__(self, way: float) -> None:
        self.way = way
        self.free = asyncio.Lock()

    async def __call__(self) -> float:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await asyncio.sleep(self.way)
        async with self.free:
            await asyncio.sleep(STEP)
        return loop.time() - begun


def test_a_server_that_refuses_a_second_write_gets_one_at_a_time():
    async def main() -> None:
        pace, server = Pace(start=1, most=32), OneAtATime()
        pace.near()
        await send(pace, server, 300)
        assert pace.limit == 1
        assert pace.peak <= 2
        assert server.refused <= 6

    run(main())


def test_also_where_it_is_not_known_to_be_near():
    async def main() -> None:
        pace, server = Pace(start=1, most=32), OneAtATime()
        await send(pace, server, 200)
        assert pace.peak <= 2
        assert server.refused <= 6

    run(main())


def test_a_server_far_away_gets_many_at_once():
    async def main() -> None:
        pace = Pace(start=1, most=32)
        seconds = await send(pace, FarAway(), 300)
        assert pace.peak == 32
        assert seconds < 300 * 5 * STEP / 8

    run(main())


def test_requests_that_would_only_queue_are_not_sent():
    async def main() -> None:
        pace = Pace(start=1, most=32)
        await send(pace, Queue(way=4 * STEP), 200)
        assert 3 <= pace.limit <= 16  # five fill the way there and the one place of work

    run(main())


def test_a_server_that_asks_to_wait_gets_nothing_meanwhile():
    async def main() -> None:
        pace = Pace(start=4, most=8)
        loop = asyncio.get_running_loop()
        async with pace.turn() as turn:
            pace.refused(turn, wait=0.1)
        begun = loop.time()
        async with pace.turn():
            assert loop.time() - begun >= 0.09

    run(main())


def test_a_server_that_is_closed_for_a_while_is_not_sent_less_for_each_refusal():
    async def main() -> None:
        pace = Pace(start=8, most=8)
        for _ in range(20):
            async with pace.turn() as turn:
                pace.answered(turn, "write", 1.0)
        for _ in range(50):
            async with pace.turn() as turn:
                pace.refused(turn)
        assert pace.limit == 4

    run(main())


def test_one_that_is_cancelled_while_it_waits_leaves_its_place():
    async def main() -> None:
        pace = Pace(start=1, most=1)
        async with pace.turn():
            waiting = [asyncio.create_task(send(pace, FarAway(), 1)) for _ in range(3)]
            await asyncio.sleep(0)
            waiting[0].cancel()
        # The place is given on at the moment at which the second one is cancelled, too.
        await asyncio.sleep(0)
        waiting[1].cancel()
        await asyncio.wait_for(waiting[2], 1)
        assert pace.under_way == 0

    run(main())
