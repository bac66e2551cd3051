"""One writer at a time: taking, waiting, taking over, losing. The API is a fake."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest

from flowlift.errors import LockedError
from flowlift.workspace import lock as lock_module
from flowlift.workspace.client import Client
from flowlift.workspace.lock import Lock, lock_name, read_lease
from tests.real.proxy import Answer, Request
from tests.unit.workspace.fake_api import ask, fake_api


class Variables:
    """The variables of a workspace whose clock is `ahead` of ours."""

    def __init__(self, ahead: timedelta = timedelta()) -> None:
        self.by_name: dict[str, dict[str, Any]] = {}
        self.ahead = ahead
        self.lose_next_answer = False

    def now(self) -> datetime:
        return datetime.now(timezone.utc) + self.ahead

    def __call__(self, request: Request) -> Answer | None:
        answer = self.answer(request)
        if self.lose_next_answer and request.method == "POST":
            self.lose_next_answer = False
            return Answer(0)
        date = {"date": format_datetime(self.now(), usegmt=True)}
        return Answer(answer.status, answer.body, headers=date) if answer else None

    def answer(self, request: Request) -> Answer | None:
        by_id = {variable["id"]: variable for variable in self.by_name.values()}
        match (request.method, *request.path.strip("/").split("/")):
            case ("GET", "admin", "version"):
                return Answer(200, "3.8.8")
            case ("POST", "variables"):
                body = request.json()
                if body["name"] in self.by_name:
                    return Answer(409, {"detail": "A variable with that name exists."})
                self.by_name[body["name"]] = {**body, "id": uuid.uuid4().hex}
                return Answer(201, self.by_name[body["name"]])
            case ("GET", "variables", "name", name) if name in self.by_name:
                return Answer(200, self.by_name[name])
            case ("PATCH", "variables", key) if key in by_id:
                by_id[key].update(request.json())
                return Answer(204)
            case ("DELETE", "variables", key) if key in by_id:
                del self.by_name[by_id[key]["name"]]
                return Answer(204)
        return None

    def hold(self, seconds: float, holder: str = "ben@laptop") -> None:
        """Somebody else holds the lock for so many seconds from now."""
        now = self.now()
        value = {
            "holder": holder,
            "repository": "acme/platform",
            "token": uuid.uuid4().hex,
            "since": now.isoformat(),
            "expires": (now + timedelta(seconds=seconds)).isoformat(),
        }
        name = lock_name("acme/platform")
        self.by_name[name] = {"id": uuid.uuid4().hex, "name": name, "value": json.dumps(value)}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lock_module, "SLACK", timedelta(0))
    monkeypatch.setattr(lock_module, "FIRST_LOOK", 0.05)
    monkeypatch.setattr(lock_module, "LONGEST_LOOK", 0.05)


def a_lock(client: Client, **options: Any) -> Lock:
    return Lock(client, repository="acme/platform", **{"holder": "CI run 7", "wait": 5, **options})


def held(variables: Variables) -> dict[str, Any]:
    (variable,) = variables.by_name.values()
    value: dict[str, Any] = json.loads(variable["value"])
    return value


def test_the_lock_says_who_holds_it_and_is_given_back():
    variables = Variables()

    async def work(client: Client) -> None:
        async with a_lock(client) as lock:
            lock.check()
            assert held(variables)["holder"] == "CI run 7"
            assert held(variables)["repository"] == "acme/platform"
        assert not variables.by_name

    with fake_api(variables) as api:
        ask(api.url, work)


def test_it_is_given_back_after_a_failure_too():
    variables = Variables()

    async def work(client: Client) -> None:
        with pytest.raises(ZeroDivisionError):
            async with a_lock(client):
                raise ZeroDivisionError
        assert not variables.by_name

    with fake_api(variables) as api:
        ask(api.url, work)


def test_another_holder_is_waited_for_and_told_once():
    variables = Variables()
    variables.hold(60)
    told: list[str] = []

    async def work(client: Client) -> None:
        asyncio.get_running_loop().call_later(0.4, variables.by_name.clear)
        async with a_lock(client, on_wait=told.append):
            pass

    with fake_api(variables) as api:
        ask(api.url, work)
    assert len(told) == 1
    assert told[0].startswith("ben@laptop, since ")


def test_a_holder_that_does_not_finish_in_time_is_named():
    variables = Variables()
    variables.hold(60)

    async def work(client: Client) -> None:
        async with a_lock(client, wait=0.2):
            pass

    with (
        fake_api(variables) as api,
        pytest.raises(LockedError, match="dev is being written by ben@laptop, since") as error,
    ):
        ask(api.url, work)
    assert "its lease runs out at" in error.value.remedy


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_dead_holders_lease_runs_out_by_the_servers_clock(ahead: timedelta):
    variables = Variables(ahead)
    variables.hold(0.5)

    async def work(client: Client) -> float:
        begun = asyncio.get_running_loop().time()
        async with a_lock(client):
            assert held(variables)["holder"] == "CI run 7"
        return asyncio.get_running_loop().time() - begun

    with fake_api(variables) as api:
        seconds = ask(api.url, work)
    assert 0 < seconds < 4  # dates are told to the second


def test_of_many_takers_of_a_lease_that_ran_out_one_wins_at_a_time():
    variables = Variables()
    variables.hold(-5)
    inside: list[int] = []

    async def one(client: Client, number: int) -> None:
        async with a_lock(client, holder=f"taker {number}", wait=20):
            inside.append(number)
            assert len(inside) == 1
            await asyncio.sleep(0.02)
            inside.remove(number)

    async def work(client: Client) -> None:
        await asyncio.gather(*(one(client, number) for number in range(8)))

    with fake_api(variables) as api:
        ask(api.url, work)
    assert not variables.by_name


def test_a_lease_is_renewed_in_the_background():
    variables = Variables()

    async def work(client: Client) -> None:
        async with a_lock(client, lease=0.6, renew_every=0.1) as lock:
            first = held(variables)["expires"]
            await asyncio.sleep(0.8)
            lock.check()
            assert held(variables)["expires"] > first

    with fake_api(variables) as api:
        ask(api.url, work)


def test_a_lease_that_was_taken_over_is_told_and_the_new_one_left():
    variables = Variables()

    async def work(client: Client) -> None:
        async with a_lock(client, renew_every=0.05) as lock:
            variables.hold(60)
            await asyncio.sleep(0.4)
            with pytest.raises(LockedError, match="somebody else has taken it over"):
                lock.check()
        assert held(variables)["holder"] == "ben@laptop"

    with fake_api(variables) as api:
        ask(api.url, work)


def test_a_lease_that_cannot_be_renewed_is_told_before_it_runs_out():
    async def work(client: Client) -> None:
        async with a_lock(client, lease=0.5, renew_every=30) as lock:
            lock.check()
            await asyncio.sleep(0.5)
            with pytest.raises(LockedError, match="could not be renewed in time"):
                lock.check()

    with fake_api(Variables()) as api:
        ask(api.url, work)


def test_a_lost_answer_does_not_lock_ourselves_out():
    variables = Variables()
    variables.lose_next_answer = True

    async def work(client: Client) -> None:
        async with a_lock(client, wait=1) as lock:
            lock.check()
        assert not variables.by_name

    with fake_api(variables) as api:
        ask(api.url, work)


def test_interrupted_while_it_is_taken_it_is_given_back():
    variables = Variables()

    async def work(client: Client) -> None:
        await client.server_version()
        api.delay = 0.2
        taking = asyncio.create_task(a_lock(client).__aenter__())
        await asyncio.sleep(0.1)
        taking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taking
        await asyncio.sleep(0.3)
        assert not variables.by_name

    with fake_api(variables) as api:
        ask(api.url, work)


@pytest.mark.parametrize("value", ["not JSON", "[]", '{"holder": "x"}', None, 5])
def test_what_is_no_lease_can_be_taken(value: Any):
    lease = read_lease({"id": "v1", "value": value})
    assert lease.expires < datetime.now(timezone.utc)


def test_each_repository_has_its_own_lock_by_a_name_that_prefect_takes():
    name = lock_name("https://git.example.com/Acme/Platform")
    assert name != lock_name("https://git.example.com/acme/other")
    assert name.removeprefix("flowlift_lock_").isalnum()
    assert name == name.lower()
