"""One writer at a time: taking, waiting, taking over, losing. The API and time are models."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

import pytest

from flowlift.errors import LockedError
from flowlift.workspace.client import Client
from flowlift.workspace.lock import (
    LEASE,
    LONGEST_LOOK,
    RENEW_EVERY,
    SLACK,
    Lock,
    lock_name,
    read_lease,
)
from tests.parts.fake_api import ModelNetwork, ask_model
from tests.parts.proxy import Answer, Request
from tests.parts.variables import Variables
from tests.parts.voices import RecordingVoice

T = TypeVar("T")


def a_lock(client: Client, **options: Any) -> Lock:
    return Lock(
        client, repository="acme/platform", **{"holder": "CI run 7", "wait": 300, **options}
    )


def held(variables: Variables) -> dict[str, Any]:
    (variable,) = variables.by_name.values()
    value: dict[str, Any] = json.loads(variable["value"])
    return value


def ask(variables: Variables, work: Callable[[Client], Awaitable[T]]) -> T:
    return ask_model(ModelNetwork(variables), work)


def test_the_lock_says_who_holds_it_and_is_given_back():
    variables = Variables()

    async def work(client: Client) -> None:
        async with a_lock(client) as lock:
            lock.check()
            assert held(variables)["holder"] == "CI run 7"
            assert held(variables)["repository"] == "acme/platform"
        assert not variables.by_name

    ask(variables, work)


def test_it_is_given_back_after_a_failure_too():
    variables = Variables()

    async def work(client: Client) -> None:
        with pytest.raises(ZeroDivisionError):
            async with a_lock(client):
                raise ZeroDivisionError
        assert not variables.by_name

    ask(variables, work)


def test_another_holder_is_waited_for_and_told_once():
    variables = Variables()
    voice = RecordingVoice()

    async def work(client: Client) -> float:
        variables.hold(60)
        asyncio.get_running_loop().call_later(40, variables.by_name.clear)
        async with a_lock(client, voice=voice):
            return asyncio.get_running_loop().time()

    assert 40 <= ask(variables, work) <= 40 + LONGEST_LOOK
    assert voice.holders == ["ben@laptop, since 12:00:00 UTC"]


def test_the_next_holder_is_told_too():
    variables = Variables()
    voice = RecordingVoice()

    async def work(client: Client) -> None:
        variables.hold(60)
        loop = asyncio.get_running_loop()
        loop.call_later(20, variables.hold, 60, "CI run 8")
        loop.call_later(40, variables.by_name.clear)
        async with a_lock(client, voice=voice):
            pass

    ask(variables, work)
    assert voice.holders == ["ben@laptop, since 12:00:00 UTC", "CI run 8, since 12:00:20 UTC"]


def test_a_holder_that_does_not_finish_in_time_is_named():
    variables = Variables()

    async def work(client: Client) -> None:
        variables.hold(60)
        async with a_lock(client, wait=30):
            pass

    with pytest.raises(
        LockedError, match="dev is being written by ben@laptop, since 12:00:00"
    ) as error:
        ask(variables, work)
    assert "its lease runs out at 12:01:00 UTC" in error.value.remedy


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_dead_holders_lease_runs_out_by_the_servers_clock(ahead: timedelta):
    variables = Variables(ahead)

    async def work(client: Client) -> float:
        variables.hold(60)
        async with a_lock(client):
            assert held(variables)["holder"] == "CI run 7"
            return asyncio.get_running_loop().time()

    # Dates are told to the second, and looks have their pauses.
    assert 60 <= ask(variables, work) <= 60 + SLACK.total_seconds() + 1 + LONGEST_LOOK


def test_of_many_takers_of_a_lease_that_ran_out_one_wins_at_a_time():
    variables = Variables()
    network = ModelNetwork(variables)
    network.delay = 0.01
    inside: list[int] = []
    done: list[int] = []

    async def one(client: Client, number: int) -> None:
        async with a_lock(client, holder=f"taker {number}"):
            inside.append(number)
            assert len(inside) == 1
            await asyncio.sleep(2)
            inside.remove(number)
            done.append(number)

    async def work(client: Client) -> None:
        variables.hold(-5)
        await asyncio.gather(*(one(client, number) for number in range(8)))

    ask_model(network, work)
    assert sorted(done) == list(range(8))
    assert not variables.by_name


def test_a_lease_is_renewed_in_the_background():
    variables = Variables()

    async def work(client: Client) -> None:
        async with a_lock(client) as lock:
            first = held(variables)["expires"]
            await asyncio.sleep(10 * LEASE)
            lock.check()
            assert held(variables)["expires"] > first

    ask(variables, work)


def test_two_renewals_may_fail():
    variables = Variables()
    network = ModelNetwork(variables)

    def failing(request: Request) -> Answer | None:
        return Answer(400, {}) if request.method == "PATCH" else variables(request)

    async def work(client: Client) -> None:
        async with a_lock(client) as lock:
            network.answer = failing
            await asyncio.sleep(2.5 * RENEW_EVERY)
            lock.check()
            network.answer = variables
            await asyncio.sleep(RENEW_EVERY)
            lock.check()
            network.answer = failing
            await asyncio.sleep(LEASE)
            with pytest.raises(LockedError, match="could not be renewed in time"):
                lock.check()

    ask_model(network, work)


def test_a_lease_that_was_taken_over_is_told_and_the_new_one_left():
    variables = Variables()

    async def work(client: Client) -> None:
        async with a_lock(client) as lock:
            variables.hold(60)
            await asyncio.sleep(RENEW_EVERY + 1)
            with pytest.raises(LockedError, match="somebody else has taken it over"):
                lock.check()
        assert held(variables)["holder"] == "ben@laptop"

    ask(variables, work)


def test_a_lease_that_cannot_be_renewed_is_told_before_it_runs_out():
    async def work(client: Client) -> None:
        async with a_lock(client, renew_every=3600) as lock:
            await asyncio.sleep(LEASE - 10)
            lock.check()
            await asyncio.sleep(8)
            with pytest.raises(LockedError, match="could not be renewed in time"):
                lock.check()

    ask(Variables(), work)


def test_a_lost_answer_does_not_lock_ourselves_out():
    variables = Variables()
    variables.lose_next_answer = True

    async def work(client: Client) -> float:
        async with a_lock(client) as lock:
            lock.check()
            taken = asyncio.get_running_loop().time()
        assert not variables.by_name
        return taken

    assert ask(variables, work) < 1


@pytest.mark.parametrize("after", [0.5, 1.5])
def test_interrupted_while_it_is_taken_it_is_given_back(after: float):
    """Before the API has the request, which it carries out all the same, and after that."""
    variables = Variables()
    network = ModelNetwork(variables)

    async def work(client: Client) -> None:
        await client.server_version()
        network.delay = 2
        taking = asyncio.create_task(a_lock(client).__aenter__())
        await asyncio.sleep(after)
        taking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taking
        await asyncio.sleep(10)
        assert not variables.by_name

    ask_model(network, work)


def test_interrupted_while_it_is_given_back_it_is_given_back():
    variables = Variables()
    network = ModelNetwork(variables)

    async def work(client: Client) -> None:
        async def holding() -> None:
            async with a_lock(client):
                network.delay = 2

        held = asyncio.create_task(holding())
        await asyncio.sleep(0.5)
        held.cancel()
        with pytest.raises(asyncio.CancelledError):
            await held
        assert not variables.by_name

    ask_model(network, work)


@pytest.mark.parametrize("value", ["not JSON", "[]", '{"holder": "x"}', None, 5])
def test_what_is_no_lease_can_be_taken(value: Any):
    lease = read_lease({"id": "v1", "value": value})
    assert lease.expires < datetime.now(timezone.utc)


def test_each_repository_has_its_own_lock_by_a_name_that_prefect_takes():
    name = lock_name("https://git.example.com/Acme/Platform")
    assert name != lock_name("https://git.example.com/acme/other")
    assert name.removeprefix("flowlift_lock_").isalnum()
    assert name == name.lower()
