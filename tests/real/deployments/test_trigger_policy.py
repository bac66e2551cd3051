"""Triggers as an environment has them, on real servers, and a person's hand on them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.parts.platform import CONFIG, Platform
from tests.parts.proxy import Proxy
from tests.parts.workspaces import Workspace

pytestmark = pytest.mark.real

OFF_IN_DEV = CONFIG.replace('schedules = "off"\n', 'schedules = "off"\ntriggers = "off"\n')
AUTOMATION = "weekly__automation_1"


@pytest.fixture(name="triggered")
def with_a_trigger(platform: Platform) -> Platform:
    """The platform, whose report also runs after an event; in DEV triggers are off."""
    expect = [platform.dev.name("loaded")]
    platform.named("weekly")["triggers"] = [{"expect": expect, "parameters": {"day": "event"}}]
    platform.commit(files={"flowlift.toml": OFF_IN_DEV.format(prefix=platform.dev.prefix)})
    platform.push()
    return platform


def automation(workspace: Workspace, platform: Platform) -> dict[str, Any]:
    key = platform.live(workspace)["weekly"]["id"]
    found = workspace.server.request("GET", f"/automations/related-to/prefect.deployment.{key}")
    (one,) = found
    assert one["name"] == AUTOMATION
    document: dict[str, Any] = one
    return document


def switch(workspace: Workspace, platform: Platform, *, enabled: bool) -> None:
    path = f"/automations/{automation(workspace, platform)['id']}"
    workspace.server.request("PATCH", path, {"enabled": enabled})


def explained(platform: Platform, *environment: str) -> tuple[Any, str]:
    """Whether the trigger is on, and where that comes from."""
    result = platform.flowlift("explain", "weekly", *environment, "--json")
    (origins,) = json.loads(result.out).values()
    (one,) = [o for o in origins if o["field"] == f"triggers.{AUTOMATION}.enabled"]
    return one["value"], one["source"]


def writes_of_an_apply(platform: Platform, environment: str) -> list[Any]:
    """What another apply writes, seen by a proxy."""
    workspace = platform.dev if environment == "dev" else platform.prod
    with Proxy(workspace.url) as proxy:
        address = {f"FLOWLIFT_{environment.upper()}_API_URL": proxy.url}
        result = platform.flowlift("apply", environment, "--yes", environ=address)
        assert result.code == 0, result.err
        return list(proxy.writes)


def test_a_branch_in_dev_is_started_by_no_event(triggered: Platform) -> None:
    triggered.branch("feat/days")
    triggered.named("weekly")["parameters"] = {"day": "monday"}
    triggered.commit()
    triggered.push()
    assert triggered.flowlift("apply", "dev", "--yes").code == 0
    assert automation(triggered.dev, triggered)["enabled"] is False
    assert writes_of_an_apply(triggered, "dev") == []
    assert explained(triggered, "dev") == (False, "policy dev")
    assert explained(triggered) == (True, "Prefect's default")


def test_prod_has_the_trigger_on_and_a_switch_of_policy_is_written_once(
    triggered: Platform,
) -> None:
    assert triggered.flowlift("apply", "prod", "--yes").code == 0
    assert automation(triggered.prod, triggered)["enabled"] is True
    assert writes_of_an_apply(triggered, "prod") == []
    off = OFF_IN_DEV.replace('schedules = "on"\n', 'schedules = "on"\ntriggers = "off"\n')
    triggered.commit(files={"flowlift.toml": off.format(prefix=triggered.dev.prefix)})
    triggered.push()
    plan = triggered.flowlift("plan", "prod", "--json")
    assert plan.reasons("weekly") == ["policy"]
    assert triggered.flowlift("apply", "prod", "--yes").code == 0
    assert automation(triggered.prod, triggered)["enabled"] is False
    assert writes_of_an_apply(triggered, "prod") == []


def test_an_automation_disabled_by_hand_stays_so_and_one_enabled_is_drift(
    triggered: Platform,
) -> None:
    triggered.flowlift("apply", "prod", "--yes")
    switch(triggered.prod, triggered, enabled=False)
    assert writes_of_an_apply(triggered, "prod") == []
    later = [triggered.dev.name("later")]
    triggered.named("weekly")["triggers"] = [{"expect": later}]
    triggered.commit()
    triggered.push()
    result = triggered.flowlift("apply", "prod", "--yes")
    said = " ".join(result.out.split())
    assert f"triggers.{AUTOMATION} stays off: disabled by hand since the last apply" in said
    live = automation(triggered.prod, triggered)
    assert (live["trigger"]["expect"], live["enabled"]) == (later, False)

    triggered.flowlift("sync", "dev", "--yes")
    triggered.flowlift("apply", "dev", "--yes", "--scope", "all")
    switch(triggered.dev, triggered, enabled=True)
    plan = triggered.flowlift("plan", "dev", "--json", "--scope", "all")
    assert plan.reasons("weekly") == ["drift"]
    assert triggered.flowlift("apply", "dev", "--yes", "--scope", "all").code == 0
    assert automation(triggered.dev, triggered)["enabled"] is False
