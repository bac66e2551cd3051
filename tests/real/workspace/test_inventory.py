"""What only a workspace, or git's remote, makes doubtful; and what explains a field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.parts.platform import Platform

pytestmark = pytest.mark.real


def finding(platform: Platform, check: str, environment: str = "prod") -> dict[str, Any]:
    """The first finding of `check` in a plan."""
    result = platform.flowlift("plan", environment, "--json")
    found = [f for f in result.plan["findings"] if f["check"] == check]
    assert found, result.out
    one: dict[str, Any] = found[0]
    return one


def test_a_paused_work_pool_is_a_warning(platform: Platform) -> None:
    path = f"/work_pools/{platform.pool}"
    platform.prod.server.request("PATCH", path, {"is_paused": True})
    paused = finding(platform, "paused-work-pool")
    assert paused["level"] == "warning"
    assert platform.pool in paused["message"]


def test_a_pool_for_agents_is_said(platform: Platform) -> None:
    name = platform.prod.name("agents")
    body = {"name": name, "type": "prefect-agent"}
    platform.prod.server.request("POST", "/work_pools/", body)
    platform.named("hourly")["work_pool"] = {"name": name}
    platform.commit()
    platform.push()
    assert name in finding(platform, "agent-work-pool")["message"]


def test_what_is_not_pushed_is_a_warning(platform: Platform) -> None:
    platform.branch("feat/later")
    platform.named("weekly")["tags"] = ["later"]
    platform.commit()
    platform.push()
    platform.commit(files={"src/flows/later.py": "later = 1\n"})
    found = finding(platform, "unpushed-commits", "dev")
    assert found["level"] == "warning"
    assert "push" in found["remedy"]


def test_without_a_configuration_schedules_that_stay_off_are_said(platform: Platform) -> None:
    platform.named("hourly")["schedules"][0]["active"] = False
    (platform.repository.path / "flowlift.toml").unlink()
    platform.commit()
    platform.push()
    found = finding(platform, "schedules-stay-off")
    assert "/hourly" in found["message"]
    assert 'schedules = "on"' in found["remedy"]
    line = (platform.repository.path / "prefect.yaml").read_text("utf-8").splitlines()
    assert "active: false" in line[found["line"] - 1]


def test_explain_says_where_each_field_comes_from(platform: Platform) -> None:
    shared = {"tier": "{{ $TIER }}"}
    for name in ("hourly", "nightly"):
        platform.named(name)["parameters"] = shared  # an anchor, and an alias
    platform.branch("feat/tiers")
    platform.commit()
    platform.push()
    result = platform.flowlift("explain", "nightly", "dev", "--json", environ={"TIER": "gold"})
    assert result.code == 0, result.err
    (origins,) = json.loads(result.out).values()
    by_field = {one["field"]: one for one in origins}
    manifest = by_field["parameters"]
    assert manifest["value"] == {"tier": "gold"}
    (alias,) = [
        number
        for number, line in enumerate(
            (platform.repository.path / "prefect.yaml").read_text("utf-8").splitlines(), 1
        )
        if "parameters: *" in line
    ]
    assert manifest["source"] == f"prefect.yaml:{alias}, template {{{{ $TIER }}}}"
    assert "policy dev" in by_field["tags"]["source"]
    assert "policy dev" in by_field["pull_steps"]["source"]
    assert "on or off by policy dev" in by_field["schedules.schedule-1"]["source"]
    assert by_field["description"]["source"] == "the flow's code"
    assert by_field["concurrency_limit"]["source"] == "Prefect's default"
