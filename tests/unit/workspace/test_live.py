"""What a server says of a deployment, in the shape that a plan compares."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.plan.model import Schedule
from flowlift.workspace.live import body_of, read_live, schedules_of, slow_server_hint
from tests.parts import writes
from tests.parts.fake_api import ask, fake_api
from tests.parts.proxy import Answer, Request


def test_a_limit_of_the_deployments_own_is_the_number_that_was_sent():
    document = {"global_concurrency_limit": {"name": "deployment:1", "limit": 3}}
    assert body_of(document)["concurrency_limit"] == 3


def test_a_limit_that_others_use_too_is_not_the_deployments():
    document = {"global_concurrency_limit": {"name": "database", "limit": 3}}
    assert body_of(document)["concurrency_limit"] is None


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        (None, None),
        (
            {"collision_strategy": "ENQUEUE", "grace_period_seconds": None},
            {"collision_strategy": "ENQUEUE"},
        ),
    ],
)
def test_concurrency_options_are_without_nulls(said: Any, taken: Any):
    assert body_of({"concurrency_options": said})["concurrency_options"] == taken


def test_schedules_are_in_the_order_in_which_they_were_written():
    def item(slug: str, second: int) -> dict[str, Any]:
        at = f"2026-11-23T18:13:53.00000{second}Z"
        timing = {"cron": "0 6 * * *", "timezone": None, "day_or": True}
        return {"slug": slug, "schedule": timing, "active": True, "created": at, "updated": at}

    # 3.8.8 gives the last written first.
    found = schedules_of({"schedules": [item("a", 2), item("b", 1)]})
    assert [schedule.slug for schedule in found] == ["b", "a"]
    assert found[0] == Schedule("b", {"cron": "0 6 * * *", "day_or": True}, active=True)


# Reading ---------------------------------------------------------------------------------


def document(number: int) -> dict[str, Any]:
    return {"id": f"d{number}", "name": f"n{number}", "flow_id": "f1", "schedules": []}


def serving(deployments: int, automations: int = 0, status: int = 200):
    """The reading part of an API with so many deployments of one flow."""

    def answer(request: Request) -> Answer | None:
        query = request.json() if request.body else {}
        page = slice(query.get("offset", 0), query.get("offset", 0) + query.get("limit", 0))
        if request.path == "/deployments/filter":
            return Answer(200, [document(n) for n in range(deployments)][page])
        if request.path == "/flows/filter":
            return Answer(200, [{"id": "f1", "name": "etl"}])
        if request.path == "/automations/filter":
            trigger = writes.trigger("n0")
            every = [writes.automation_of(trigger, "d0", id=f"a{n}") for n in range(automations)]
            return Answer(status, every[page])
        return None

    return answer


@pytest.mark.parametrize(
    ("deployments", "requests"), [(0, 1), (3, 1), (199, 1), (200, 3), (450, 3), (600, 7)]
)
def test_pages_are_read_to_the_end(deployments: int, requests: int):
    with fake_api(serving(deployments)) as api:
        live = ask(api.url, read_live)
        assert len(live) == deployments
        assert api.counts["POST", "/deployments/filter"] == requests
        assert api.counts["POST", "/automations/filter"] == 1


def test_names_are_asked_for_in_portions():
    with fake_api(serving(5)) as api:
        ask(api.url, lambda c: read_live(c, names=[f"n{n}" for n in range(450)]))
        asked = [r.json() for r in api.requests if r.path == "/deployments/filter"]
    names = [query["deployments"]["name"]["any_"] for query in asked]
    assert sorted(len(part) for part in names) == [50, 200, 200]


def test_no_names_ask_for_nothing():
    with fake_api(serving(5)) as api:
        assert ask(api.url, lambda c: read_live(c, names=[])) == {}
        assert not api.requests


def test_a_tag_is_asked_for():
    with fake_api(serving(5)) as api:
        ask(api.url, lambda c: read_live(c, tag="feat/x"))
        first = next(r.json() for r in api.requests if r.path == "/deployments/filter")
    assert first["deployments"] == {"tags": {"all_": ["feat/x"]}}


def test_where_this_key_may_see_no_automations_the_triggers_are_not_known():
    with fake_api(serving(1, status=403)) as api:
        assert ask(api.url, read_live)["etl/n0"].triggers is None


def test_all_automations_are_read_where_they_fill_more_than_a_page():
    with fake_api(serving(20, automations=250)) as api:
        live = ask(api.url, read_live)
    assert len(live["etl/n0"].triggers or ()) == 250


def test_a_slow_server_gets_a_hint():
    class Slow:
        slow_page = (1.9, 200)

    assert "PYTHONTZPATH" in (slow_server_hint(Slow()) or "")  # type: ignore[arg-type]
