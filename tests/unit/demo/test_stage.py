"""The stage of the demo: two servers side by side, and nothing of it left behind.

The servers are stand-ins; `tests/real/demo/test_story.py` starts real ones.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowlift.demo import stage as module
from flowlift.demo.stage import DemoStage, ended_by_signals
from flowlift.errors import FlowliftError


class StandInWitness:
    """What a server's start gives; it knows whether it was closed."""

    def __init__(self, environment: str) -> None:
        self.environment = environment
        self.closed = False

    def close(self) -> None:
        self.closed = True


class StandInServer:
    """A server that is there at once, or never where its environment is in `broken`."""

    made: list[StandInServer]
    broken: set[str]

    def __init__(self, environment: str, folder: Path, closing: threading.Event) -> None:
        self.environment, self.folder, self.closing = environment, folder, closing
        self.url = f"http://127.0.0.1:1/{environment}/api"
        self.database = folder / "prefect.db"
        self.witness = StandInWitness(environment)
        self.migrated: Path | None = None
        self.pools: list[str] = []
        self.stops = 0
        self.made.append(self)

    def start(self, migrated: Path | None = None) -> StandInWitness:
        self.migrated = migrated
        if self.environment in self.broken:
            raise FlowliftError(f"{self.environment} does not start")
        return self.witness

    def start_worker(self, witness: StandInWitness, pool: str) -> None:
        assert witness is self.witness
        self.pools.append(pool)

    def stop(self) -> None:
        self.stops += 1


@pytest.fixture(autouse=True)
def servers(monkeypatch: pytest.MonkeyPatch) -> list[StandInServer]:
    """The servers that were made, dev's first."""
    StandInServer.made, StandInServer.broken = [], set()
    monkeypatch.setattr(module, "Server", StandInServer)
    return StandInServer.made


def test_both_workspaces_are_there_with_a_worker_each(servers: list[StandInServer]) -> None:
    with DemoStage() as stage:
        found: list[object] = [stage.dev.result(), stage.prod.result()]
    assert found == [server.witness for server in servers]
    assert [server.environment for server in servers] == ["dev", "prod"]
    assert servers[0].pools == servers[1].pools
    assert len(servers[0].pools) == 1


def test_the_second_server_copies_what_the_first_has_migrated(
    servers: list[StandInServer],
) -> None:
    with DemoStage() as stage:
        stage.prod.result()
    assert servers[0].migrated is None
    assert servers[1].migrated == servers[0].database


def test_nothing_is_left_behind(servers: list[StandInServer]) -> None:
    with DemoStage() as stage:
        stage.prod.result()
        (stage.folder / "note").write_text("x")
    assert not stage.folder.exists()
    assert all(server.stops and server.closing.is_set() for server in servers)
    assert all(server.witness.closed for server in servers)


def test_a_story_that_fails_leaves_nothing_behind_either(servers: list[StandInServer]) -> None:
    with pytest.raises(ValueError, match="within"), DemoStage() as stage:
        raise ValueError("within")
    assert not stage.folder.exists()
    assert all(server.stops for server in servers)


def test_a_first_server_that_does_not_start_is_told_to_whoever_waits(
    servers: list[StandInServer],
) -> None:
    StandInServer.broken = {"dev"}
    with DemoStage() as stage:
        for workspace in (stage.dev, stage.prod):
            with pytest.raises(FlowliftError, match="dev does not start"):
                workspace.result()
    assert servers[1].pools == []
    assert not stage.folder.exists()


def test_a_second_one_that_does_not_start_leaves_the_first(servers: list[StandInServer]) -> None:
    StandInServer.broken = {"prod"}
    with DemoStage() as stage:
        first: object = stage.dev.result()
        with pytest.raises(FlowliftError, match="prod does not start"):
            stage.prod.result()
    assert first is servers[0].witness
    assert servers[0].witness.closed


def test_the_variables_that_tell_where_the_servers_are() -> None:
    with DemoStage() as stage:
        assert stage.endpoints() == {
            "FLOWLIFT_DEV_API_URL": "http://127.0.0.1:1/dev/api",
            "FLOWLIFT_PROD_API_URL": "http://127.0.0.1:1/prod/api",
        }


# Signals ---------------------------------------------------------------------------------


@pytest.fixture
def handlers() -> Iterator[None]:
    """The handlers of this process as they were."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_whoever_is_ended_leaves_in_good_order(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    ended = False
    with pytest.raises(SystemExit) as caught, ended_by_signals():
        try:
            os.kill(os.getpid(), number)
        finally:
            ended = True
    assert caught.value.code == 128 + number
    assert ended
    assert signal.getsignal(number) is before


@pytest.mark.usefixtures("handlers")
def test_a_signal_that_is_ignored_stays_so() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with ended_by_signals():
        os.kill(os.getpid(), signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


@pytest.mark.usefixtures("handlers")
def test_a_second_signal_does_not_disturb_the_end(servers: list[StandInServer]) -> None:
    signal.signal(signal.SIGTERM, lambda number, frame: pytest.fail("it was disturbed"))

    def stop() -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    with DemoStage() as stage:
        stage.prod.result()
        servers[0].stop = stop  # type: ignore[method-assign]
    assert not stage.folder.exists()
