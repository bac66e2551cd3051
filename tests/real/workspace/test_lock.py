"""The lock between real processes, one of which is killed, on the oldest and the newest Prefect."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from flowlift.workspace.lock import lock_name
from tests.parts.root import ROOT
from tests.parts.servers import Server

pytestmark = pytest.mark.real


LEASE = 5.0

HOLDER = """
import asyncio, sys, time
from flowlift.voice import Voice
from flowlift.workspace.client import Client
from flowlift.workspace.endpoint import Endpoint
from flowlift.workspace.lock import Lock

class Printing(Voice):
    def waiting(self, holder): print("waits for", holder, flush=True)

async def main(url, repository, name, seconds, lease):
    def say(word): print(word, time.time(), flush=True)
    async with Client(Endpoint("dev", url)) as client:
        async with Lock(
            client, repository=repository, holder=name, wait=60, lease=float(lease), renew_every=1,
            voice=Printing(),
        ) as lock:
            say("in")
            for _ in range(int(float(seconds) * 10)):
                await asyncio.sleep(0.1)
                lock.check()
            say("out")

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture(params=["prefect_server", "old_prefect"], ids=["newest", "oldest"])
def server(request: pytest.FixtureRequest) -> Server:
    found = request.getfixturevalue(request.param)
    return getattr(found, "server", found)  # type: ignore[no-any-return]


@pytest.fixture
def repository(server: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"{request.node.name}-{os.getpid()}-{time.time()}"
    yield name
    assert lock_name(name) not in {
        variable["name"] for variable in server.request("POST", "/variables/filter", {"limit": 200})
    }


def start(server: Server, repository: str, name: str, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, server.url, repository, name, str(seconds), str(LEASE)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_the_second_waits_for_the_first_and_says_for_whom(server: Server, repository: str):
    first = start(server, repository, "first", 2 * LEASE)  # longer than a lease: it is renewed
    entered = line(first)
    assert entered.startswith("in ")
    second = start(server, repository, "second", 0)
    assert line(second).startswith("waits for first, since ")
    left, follows = line(first), line(second)
    assert left.startswith("out ")
    assert follows.startswith("in ")
    # One says that it is out before it gives the lock back.
    assert float(follows.split()[1]) >= float(left.split()[1])
    assert (first.wait(30), second.wait(30)) == (0, 0)


def test_after_a_kill_the_next_waits_out_the_lease_and_goes_on(server: Server, repository: str):
    first = start(server, repository, "first", 600)
    assert line(first).startswith("in ")
    first.send_signal(signal.SIGKILL)
    first.wait()
    killed = time.time()
    second = start(server, repository, "second", 0)
    assert line(second).startswith("waits for first, since ")
    follows = line(second)
    assert follows.startswith("in ")
    assert float(follows.split()[1]) - killed < LEASE + 10
    assert second.wait(30) == 0


def test_two_who_wait_for_a_dead_one_follow_one_after_the_other(server: Server, repository: str):
    first = start(server, repository, "first", 600)
    assert line(first).startswith("in ")
    first.kill()
    first.wait()
    others = [start(server, repository, name, 1) for name in ("second", "third")]
    said = []
    for other in others:
        assert line(other).startswith("waits for first")
    for other in others:
        assert other.stdout is not None
        times = [each.split()[1] for each in other.stdout if each.startswith(("in ", "out "))]
        said.append([float(at) for at in times])
        assert other.wait(60) == 0
    (one_in, one_out), (other_in, other_out) = sorted(said)
    assert one_in <= one_out <= other_in <= other_out
