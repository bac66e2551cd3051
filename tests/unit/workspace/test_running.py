"""Ctrl-C, and a CI that cancels a job, while a workspace is written to."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from flowlift.workspace.client import Client
from flowlift.workspace.endpoint import Endpoint
from flowlift.workspace.running import SIGNALS, with_client

NOWHERE = Endpoint("dev", "http://127.0.0.1:9/api")


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """As in a terminal, also where a shell started these tests in the background."""
    before = [signal.signal(signal.SIGINT, signal.default_int_handler)]
    before.append(signal.signal(signal.SIGTERM, signal.SIG_DFL))
    yield
    for number, handler in zip(SIGNALS, before, strict=True):
        signal.signal(number, handler)


async def _interrupted(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)
    await asyncio.sleep(30)


@pytest.mark.parametrize("number", SIGNALS)
def test_what_is_interrupted_can_still_say_what_it_did(number: signal.Signals):
    async def write(client: Client) -> list[str]:
        written = ["ingest/hourly"]
        try:
            await _interrupted(number)
        except asyncio.CancelledError:
            return written
        return []

    before = signal.getsignal(number)
    assert with_client(NOWHERE, write) == ["ingest/hourly"]
    assert signal.getsignal(number) == before


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_that_is_ignored_stays_so(number: signal.Signals):
    async def write(client: Client) -> str:
        os.kill(os.getpid(), number)
        await asyncio.sleep(0.05)
        return "written"

    signal.signal(number, signal.SIG_IGN)
    assert with_client(NOWHERE, write) == "written"
    assert signal.getsignal(number) == signal.SIG_IGN


@pytest.mark.parametrize("number", SIGNALS)
def test_what_has_nothing_to_say_is_interrupted(number: signal.Signals):
    with pytest.raises(KeyboardInterrupt):
        with_client(NOWHERE, lambda client: _interrupted(number))


def test_the_second_signal_ends_at_once():
    async def write(client: Client) -> str:
        try:
            await _interrupted(signal.SIGINT)
        except asyncio.CancelledError:
            await _interrupted(signal.SIGINT)
        return "cleaned up"

    with pytest.raises(KeyboardInterrupt):
        with_client(NOWHERE, write)
