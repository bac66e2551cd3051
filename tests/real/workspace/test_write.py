"""What is written to a real server is what is read back, on the oldest and the newest Prefect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from flowlift.plan.model import Change, Desired, Live, Schedule
from flowlift.plan.timing import canonical_timing
from flowlift.workspace.live import read_live
from flowlift.workspace.write import Written, write
from tests.parts import writes
from tests.parts.fake_api import ask
from tests.parts.proxy import Proxy
from tests.parts.servers import create_process_pool
from tests.parts.workspaces import Workspace

pytestmark = pytest.mark.real


@pytest.fixture(params=["prefect_server", "old_prefect"], ids=["newest", "oldest"])
def place(request: pytest.FixtureRequest) -> Iterator[Workspace]:
    """A place of the test's own with a work pool `NAME-pool`, on each supported Prefect."""
    found = request.getfixturevalue(request.param)
    own = Workspace(getattr(found, "server", found))
    create_process_pool(own.server, own.name("pool"))
    yield own
    own.clean()


def do(place: Workspace, *changes: Change) -> Written:
    written = ask(place.url, lambda c: write(c, changes))
    assert (written.failed, written.left) == ([], [])
    return written


def read(place: Workspace) -> dict[str, Live]:
    live = ask(place.url, read_live)
    return {
        item.name.removeprefix(f"{place.prefix}-"): item
        for item in live.values()
        if mine(place, item)
    }


def mine(place: Workspace, item: Live) -> bool:
    return item.flow.startswith(place.prefix)


def wanted(place: Workspace, name: str = "nightly", **other: Any) -> Desired:
    pool = {"work_pool_name": place.name("pool"), "work_queue_name": "default"}
    return writes.desired(place.name(name), flow=place.name("etl"), **{**pool, **other})


def same(live: Live, desired: Desired) -> bool:
    return (dict(live.body), live.schedules, live.triggers) == (
        desired.body,
        desired.schedules,
        desired.triggers,
    )


FULL: dict[str, Any] = {
    "version": "1.2",
    "description": "Über die Nacht.\n",
    "paused": True,
    "enforce_parameter_schema": False,
    "parameters": {"day": 3, "nested": {"a": [1, None, "x"]}},
    "concurrency_limit": 3,
    "concurrency_options": {"collision_strategy": "CANCEL_NEW"},
    "work_queue_name": "urgent",
    "job_variables": {"env": {"A": "1", "B": None}, "stream_output": False},
}


def test_every_field_comes_back_as_it_was_written(place: Workspace):
    desired = wanted(place, **FULL)
    do(place, writes.put(desired))
    live = read(place)["nightly"]
    assert dict(live.body) == desired.body
    assert live.labels.items() >= writes.STAMP.items()
    assert (live.flow, live.triggers) == (place.name("etl"), ())


def test_every_field_can_be_taken_away_again(place: Workspace):
    newest = not ask(place.url, lambda c: c.server_version()).startswith("3.4")
    do(place, writes.put(wanted(place, **FULL)))
    plain = wanted(place, tags=[], job_variables={} if newest else {"env": {}})
    do(place, writes.put(plain, read(place)["nightly"]))
    assert dict(read(place)["nightly"].body) == plain.body


def test_the_oldest_server_keeps_the_last_job_variable_and_that_is_told(old_prefect: Any):
    own = Workspace(old_prefect.server)
    create_process_pool(own.server, own.name("pool"))
    do(own, writes.put(wanted(own)))
    change = writes.put(wanted(own, job_variables={}), read(own)["nightly"])
    written = ask(own.url, lambda c: write(c, [change]))
    assert "keeps job_variables although told to take it away" in written.failed[0][1]
    own.clean()


def test_schedules_come_back_as_they_were_written(place: Workspace):
    timings: list[dict[str, Any]] = [
        {"cron": "0 6 * * *"},
        {"cron": "0 6 * * mon-fri", "timezone": "Europe/Berlin", "day_or": False},
        {"cron": "@daily"},
        {"interval": 3600, "anchor_date": "2024-01-01T00:00:00"},
        {"interval": 90.25, "anchor_date": "2024-01-01T00:00:00.5+05:30", "timezone": "Asia/Tokyo"},
        {"rrule": "FREQ=DAILY;COUNT=5"},
        {"rrule": "FREQ=HOURLY", "timezone": "Europe/Berlin"},
        {"rrule": "RRULE:FREQ=MINUTELY;INTERVAL=7"},
        {"rrule": "FREQ=MINUTELY;INTERVAL=90", "timezone": "America/New_York"},
        {"rrule": "DTSTART:20240101T060000\nRRULE:FREQ=DAILY", "timezone": "Europe/Berlin"},
        {"rrule": "RRULE:FREQ=DAILY\nEXDATE:20300101T000000"},
    ]
    schedules = tuple(
        Schedule(
            slug=f"s{number}",
            timing=canonical_timing(timing),
            active=number % 2 == 0,
            parameters={"day": number} if number % 3 == 0 else {},
            max_scheduled_runs=number or None,
        )
        for number, timing in enumerate(timings)
    )
    desired = wanted(place, schedules=schedules)
    do(place, writes.put(desired))
    assert read(place)["nightly"].schedules == schedules
    # Written once more, and read much later, they are still the same.
    do(
        place,
        writes.put(replace(desired, body={**desired.body, "tags": []}), read(place)["nightly"]),
    )
    assert read(place)["nightly"].schedules == schedules


def test_a_pause_by_hand_wipes_the_schedules_parameters_on_the_server(place: Workspace):
    """Not ours to mend, but what a plan then sees: a fact that this test holds on to."""
    schedule = replace(writes.schedule(), parameters={"day": 2})
    do(place, writes.put(wanted(place, schedules=(schedule,))))
    (said,) = place.deployments()
    path = f"/deployments/{said['id']}/schedules/{said['schedules'][0]['id']}"
    place.server.request("PATCH", path, {"active": False})
    (paused,) = read(place)["nightly"].schedules
    assert paused == replace(schedule, active=False, parameters={})


def test_an_interval_without_an_anchor_gets_one(place: Workspace):
    do(place, writes.put(wanted(place, schedules=(writes.schedule(interval=60),))))
    (schedule,) = read(place)["nightly"].schedules
    anchor = schedule.timing["anchor_date"]
    assert schedule.timing == {"interval": 60, "timezone": "UTC", "anchor_date": anchor}


def test_triggers_are_made_changed_and_removed_and_others_left(place: Workspace):
    name = place.name("nightly")
    event = writes.trigger(
        name,
        match={"prefect.resource.id": ["a.*", "b"]},
        match_related={"prefect.resource.role": "flow"},
        for_each=["prefect.resource.id"],
        within=30,
        threshold=2,
        posture="Proactive",
        parameters={"day": "{{ event.name }}", "id": 5},
        job_variables={"env": {"A": "1"}},
        enabled=False,
    )
    compound = writes.trigger(
        name,
        2,
        name="after both",
        type="compound",
        require="all",
        within=60,
        triggers=[{"expect": ["a"]}, {"expect": ["b"], "after": ["z", "c"]}],
    )
    sequence = writes.trigger(
        name, 3, name="in turn", type="sequence", triggers=[{"expect": ["a"]}, {"expect": ["b"]}]
    )
    desired = wanted(place, triggers=(event, compound, sequence))
    do(place, writes.put(desired))
    live = read(place)["nightly"]
    assert live.triggers == desired.triggers
    query = {"automations": {"name": {"any_": [event["name"]]}}}
    (held,) = place.server.request("POST", "/automations/filter", query)
    assert held["actions"][0]["parameters"] == {"day": "{{ event.name }}", "id": 5}
    by_hand = make_by_hand(place, live)
    assert read(place)["nightly"].triggers == desired.triggers

    changed = replace(desired, triggers=(compound,))
    do(place, writes.put(changed, read(place)["nightly"]))
    assert read(place)["nightly"].triggers == (compound,)

    do(place, writes.put(replace(desired, triggers=()), read(place)["nightly"]))
    assert read(place)["nightly"].triggers == ()
    assert automations(place, live) == [by_hand]
    do(place, writes.drop(read(place)["nightly"]))
    place.server.request("DELETE", f"/automations/{by_hand}")


def test_no_automation_outlives_its_deployment(place: Workspace):
    changes = [
        writes.put(wanted(place, f"n{n}", triggers=(writes.trigger(place.name(f"n{n}")),)))
        for n in range(3)
    ]
    do(place, *changes)
    live = read(place)
    do(place, *(writes.drop(item) for item in live.values()))
    assert not any(automations(place, item) for item in live.values())


def make_by_hand(place: Workspace, live: Live) -> str:
    """An automation that a person makes to run the deployment; its id."""
    body = {
        "name": "made by hand",
        "trigger": {"type": "event", "posture": "Reactive", "expect": ["x"]},
        "actions": [{"type": "run-deployment", "source": "selected", "deployment_id": live.id}],
    }
    made: dict[str, str] = place.server.request("POST", "/automations/", body)
    return made["id"]


def automations(place: Workspace, live: Live) -> list[str]:
    related = place.server.request("GET", f"/automations/related-to/prefect.deployment.{live.id}")
    return [item["id"] for item in related]


def test_a_limit_that_others_use_too_is_neither_changed_nor_deleted(place: Workspace):
    do(place, writes.put(wanted(place)))
    live = read(place)["nightly"]
    limit = {"name": place.name("database"), "limit": 7}
    shared = place.server.request("POST", "/v2/concurrency_limits/", limit)
    link = {"global_concurrency_limit_id": shared["id"]}
    place.server.request("PATCH", f"/deployments/{live.id}", link)
    do(place, writes.put(wanted(place, tags=["new"]), read(place)["nightly"]))
    assert place.server.request("GET", f"/v2/concurrency_limits/{shared['id']}")["limit"] == 7
    place.server.request("DELETE", f"/v2/concurrency_limits/{shared['id']}")


def test_a_pool_that_is_not_there_is_told_in_the_apis_words(place: Workspace):
    change = writes.put(wanted(place, work_pool_name=place.name("none")))
    written = ask(place.url, lambda c: write(c, [change]))
    assert written.failed[0][1] == f'Work pool "{place.name("none")}" not found.'


def test_more_than_two_pages_are_written_read_and_deleted_and_none_is_lost(workspace: Workspace):
    pool = create_process_pool(workspace.server, workspace.name("pool"))
    every = [
        replace(
            wanted(workspace, f"n{n}", work_pool_name=pool),
            flow=workspace.name(f"flow{n % 7}"),
        )
        for n in range(450)
    ]
    with Proxy(workspace.url) as proxy:
        written = ask(proxy.url, lambda c: write(c, [writes.put(item) for item in every]))
        assert (len(written.done), written.failed, written.left) == (450, [], [])
        # A server on SQLite refuses what comes side by side: hardly anything is sent twice.
        assert proxy.peak_writes <= 2
        assert proxy.counts["POST", "/deployments/"] <= 450 * 1.1
        assert proxy.counts["POST", "/flows/"] <= 7 * 1.5

        proxy.clear()
        live = ask(proxy.url, read_live)
        assert proxy.counts["POST", "/deployments/filter"] >= 3
        own = {key: item for key, item in live.items() if mine(workspace, item)}
        assert own.keys() == {item.key for item in every}
        assert all(same(own[item.key], item) for item in every)
        assert not proxy.writes

        named = ask(proxy.url, lambda c: read_live(c, names=[every[3].name, every[9].name]))
        assert named.keys() == {every[3].key, every[9].key}

        proxy.clear()
        gone = ask(proxy.url, lambda c: write(c, [writes.drop(item) for item in own.values()]))
        assert len(gone.done) == 450
        assert proxy.counts["POST", "/deployments/bulk_delete"] >= 9
        assert not {request.method for request in proxy.writes} - {"POST"}
    assert not workspace.deployments()
