"""How many requests are under way: one write at a time on SQLite, many where the way is long."""

from __future__ import annotations

import time
from typing import Any

import pytest

from flowlift.workspace.live import read_live
from flowlift.workspace.write import write
from tests.parts import writes
from tests.parts.fake_api import ask
from tests.parts.proxy import Answer, Proxy, Request
from tests.parts.servers import create_process_pool
from tests.parts.workspaces import Workspace

pytestmark = pytest.mark.real

WAY = 0.1
"""Seconds there and back."""


def test_a_server_on_sqlite_far_away_gets_no_two_writes_for_long(workspace: Workspace):
    pool = create_process_pool(workspace.server, workspace.name("pool"))
    changes = [
        writes.put(
            writes.desired(workspace.name(f"n{n}"), flow=workspace.name("f"), work_pool_name=pool)
        )
        for n in range(60)
    ]
    with Proxy(workspace.url, WAY) as proxy:
        written = ask(proxy.url, lambda c: write(c, changes))
        assert len(written.done) == 60
        assert proxy.peak_writes <= 2
        # Three of four are refused where two are under way. One alone may be refused as well: the
        # server's own services write too, and so do the tests beside this one.
        assert proxy.refused_in_company < 10


def test_many_writes_over_a_long_way_take_an_eighth_of_one_at_a_time():
    """Prefect Cloud cannot be had here: a stand-in, which takes no time of its own, answers.

    A real server on this machine works 20 ms and more on each write, one after the other. The way
    is so long that what counts is not how busy this machine is.
    """
    way, number = 0.3, 300

    def cloud(request: Request) -> Answer | None:
        if request.path == "/flows/":
            return Answer(201, {"id": request.json()["name"]})
        if request.path == "/deployments/":
            made: dict[str, Any] = {**request.json(), "id": "d", "schedules": []}
            return Answer(201, made)
        return Answer(200, [])

    changes = [writes.put(writes.desired(f"n{n}")) for n in range(number)]
    with Proxy("http://127.0.0.1:9", way, answer=cloud, at="/api/accounts/a/workspaces/w") as proxy:
        begun = time.perf_counter()
        written = ask(proxy.url, lambda c: write(c, changes))
        seconds = time.perf_counter() - begun
    assert len(written.done) == number
    assert seconds <= number * way / 8


def test_reading_over_100_ms_waits_for_few_round_trips(workspace: Workspace):
    with Proxy(workspace.url, WAY) as proxy:
        ask(proxy.url, lambda c: read_live(c, names=[workspace.name("none")]))
        assert proxy.peak >= 3  # version, deployments and automations at once
