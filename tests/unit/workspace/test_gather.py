"""Several things at the same time, all or none."""

from __future__ import annotations

import asyncio

import pytest

from flowlift.workspace.gather import together


async def _value(number: int) -> int:
    await asyncio.sleep(0)
    return number


async def _fails() -> None:
    await asyncio.sleep(0)
    raise ValueError("no")


async def _ends_in_good_order(ended: list[str], name: str, turns: int) -> None:
    """What takes its time to end once it is cancelled, as a program that gets SIGTERM."""
    try:
        await asyncio.Event().wait()
    finally:
        for _ in range(turns):
            await asyncio.sleep(0)
        ended.append(name)


def test_results_stand_in_order():
    assert asyncio.run(together(map(_value, (3, 1, 2)))) == [3, 1, 2]
    assert asyncio.run(together(())) == []


def test_the_first_failure_is_raised_once_the_others_have_ended():
    ended: list[str] = []
    tasks = (_ends_in_good_order(ended, "slow", 5), _fails(), _value(1))
    with pytest.raises(ValueError, match="no"):
        asyncio.run(together(tasks))
    assert ended == ["slow"]


def test_who_is_cancelled_is_so_once_and_ends_in_good_order():
    ended: list[str] = []

    async def cancelled() -> None:
        tasks = (_ends_in_good_order(ended, "quick", 0), _ends_in_good_order(ended, "slow", 5))
        doing = asyncio.ensure_future(together(tasks))
        await asyncio.sleep(0.01)
        doing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await doing

    asyncio.run(cancelled())
    assert ended == ["quick", "slow"]
