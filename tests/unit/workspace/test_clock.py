"""The loop's clock, which a model of time may let run, and the times that others tell."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone

import pytest

from flowlift.workspace.clock import loop_time, read_time
from tests.parts import model_time


def test_the_clock_is_the_loops_own():
    async def work() -> float:
        begun = loop_time()
        await asyncio.sleep(3600)
        return loop_time() - begun

    assert model_time.run(work()) == pytest.approx(3600)


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("2026-11-23T21:19:02.850837917Z", 2.850837),
        ("2026-11-23T21:19:02Z", 2),
        ("2026-11-23T21:19:02", 2),
        ("2026-11-23T23:19:02+0200", 2),
        ("2026-11-23T21:19:02.1+00:00", 2.1),
        ("2026-11-23 21:19:02.850837917 +0000 UTC", 2.850837),
    ],
)
def test_times_are_read_as_prefect_and_go_write_them(text: str, second: float):
    begun = datetime(2026, 11, 23, 21, 19, tzinfo=timezone.utc)
    assert read_time(text) == begun + timedelta(seconds=second)


def test_what_is_no_time_is_long_ago():
    assert read_time("yesterday") == datetime(1970, 1, 1, tzinfo=timezone.utc)
