"""What an operator or another tool has set, on the oldest and the newest Prefect."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.parts.platform import Platform, Result
from tests.parts.proxy import Proxy
from tests.parts.repositories import GitRepository
from tests.parts.workspaces import Workspace, new_prefix
from tests.real.conftest import OldPrefect

pytestmark = pytest.mark.real


@pytest.fixture(params=["oldest", "newest"])
def one(request: pytest.FixtureRequest, git_repository: GitRepository) -> Iterator[Platform]:
    """A platform whose PROD has the oldest or the newest Prefect."""
    dev, prod = request.getfixturevalue("prefect_servers")
    if request.param == "oldest":
        old: OldPrefect = request.getfixturevalue("old_prefect")
        prod = old.server
    prefix = new_prefix()
    platform = Platform(git_repository, Workspace(dev, prefix), Workspace(prod, prefix))
    platform.begin()
    yield platform
    platform.dev.clean()
    platform.prod.clean()


def applied(platform: Platform, *arguments: str) -> Result:
    done = platform.flowlift("apply", "prod", "--yes", *arguments)
    assert done.code == 0, done.out + done.err
    return done


def change(platform: Platform, rows: int) -> None:
    platform.named("hourly")["parameters"] = {"rows": rows}
    platform.commit(f"rows {rows}")
    platform.push()


def test_a_paused_deployment_stays_paused_through_updates(one: Platform) -> None:
    applied(one)
    hourly = one.live(one.prod)["hourly"]
    one.prod.server.request("PATCH", f"/deployments/{hourly['id']}", {"paused": True})
    assert one.flowlift("plan", "prod", "--detailed-exitcode").code == 0
    for rows in (6, 7):
        change(one, rows)
        assert "stays paused: paused by hand" in " ".join(applied(one).out.split())
        live = one.live(one.prod)["hourly"]
        assert (live["paused"], live["parameters"]) == (True, {"rows": rows})
    # Resumed by hand it stays so, too.
    one.prod.server.request("PATCH", f"/deployments/{hourly['id']}", {"paused": False})
    change(one, 8)
    assert "stays" not in applied(one).out
    assert one.live(one.prod)["hourly"]["paused"] is False


def test_a_declared_pause_is_the_manifests(one: Platform) -> None:
    one.named("hourly")["paused"] = True
    one.commit("paused")
    one.push()
    applied(one)
    assert one.live(one.prod)["hourly"]["paused"] is True
    one.named("hourly")["paused"] = False
    one.commit("resumed")
    one.push()
    applied(one)
    assert one.live(one.prod)["hourly"]["paused"] is False


def test_a_new_name_takes_the_pauses_along(one: Platform) -> None:
    applied(one)
    live = one.live(one.prod)
    ask = one.prod.server.request
    ask("PATCH", f"/deployments/{live['hourly']['id']}", {"paused": True})
    schedule = live["nightly"]["schedules"][0]
    path = f"/deployments/{live['nightly']['id']}/schedules/{schedule['id']}"
    ask("PATCH", path, {"active": False})
    for name in ("hourly", "nightly"):
        one.named(name)["name"] = f"{name}-new"
    one.commit("renamed")
    one.push()
    plan = one.flowlift("plan", "prod", "--json")
    assert plan.checks == []
    assert plan.reasons("hourly-new") == [f"renamed: was {one.prod.prefix}-ingest/hourly"]
    assert plan.reasons("nightly") == [f"renamed: now {one.prod.prefix}-ingest/nightly-new"]
    applied(one)
    live = one.live(one.prod)
    assert set(live) == {"hourly-new", "nightly-new", "weekly"}
    assert live["hourly-new"]["paused"] is True
    assert [s["active"] for s in live["nightly-new"]["schedules"]] == [False]
    with Proxy(one.prod.url) as proxy:
        again = one.flowlift("apply", "prod", "--yes", environ={"FLOWLIFT_PROD_API_URL": proxy.url})
        assert (again.code, proxy.writes) == (0, [])


def test_the_only_deployment_but_one_may_go_and_the_last_may_not(one: Platform) -> None:
    one.deployments = [one.named("hourly"), one.named("weekly")]
    one.commit("two")
    one.push()
    applied(one)
    one.deployments = [one.named("weekly")]
    one.commit("one")
    one.push()
    applied(one)
    assert set(one.live(one.prod)) == {"weekly"}
    one.deployments = []
    one.commit("none")
    one.push()
    refused = one.flowlift("apply", "prod", "--yes")
    assert refused.code == 2
    assert set(one.live(one.prod)) == {"weekly"}


def test_a_limit_that_others_use_is_neither_changed_nor_deleted(one: Platform) -> None:
    applied(one)
    ask = one.prod.server.request
    limit = {"name": one.prod.name("database"), "limit": 7}
    shared = ask("POST", "/v2/concurrency_limits/", limit)
    hourly = one.live(one.prod)["hourly"]
    link = {"global_concurrency_limit_id": shared["id"]}
    ask("PATCH", f"/deployments/{hourly['id']}", link)
    try:
        change(one, 6)
        applied(one)  # what the manifest does not say stays
        one.named("hourly")["concurrency_limit"] = 2
        one.commit("limit")
        one.push()
        refused = one.flowlift("apply", "prod", "--yes", "--json")
        assert (refused.code, refused.checks) == (2, ["shared-limit"])
        one.deployments = [one.named("nightly"), one.named("weekly")]
        one.commit("removed")
        one.push()
        refused = one.flowlift("apply", "prod", "--yes", "--json")
        assert (refused.code, refused.checks) == (2, ["shared-limit"])
        assert ask("GET", f"/v2/concurrency_limits/{shared['id']}")["limit"] == 7
        assert one.live(one.prod)["hourly"]["global_concurrency_limit"]["id"] == shared["id"]
        # The remedy, literally.
        ask("PATCH", f"/deployments/{hourly['id']}", {"global_concurrency_limit_id": None})
        applied(one)
        assert "hourly" not in one.live(one.prod)
        assert ask("GET", f"/v2/concurrency_limits/{shared['id']}")["limit"] == 7
    finally:
        ask("DELETE", f"/v2/concurrency_limits/{shared['id']}")
