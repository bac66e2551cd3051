"""What an environment's policy makes of the same manifest, on two real servers and real git."""

from __future__ import annotations

import json

import pytest

from tests.parts.platform import CONFIG, Platform
from tests.parts.proxy import Proxy
from tests.parts.servers import create_process_pool

pytestmark = pytest.mark.real

POLICY = """
[env.dev]
ref = "branch"
schedules = "off"
pool = "{pool}"
variables = {{ SOURCE = "orders-dev" }}
[env.dev.overrides."*/hourly"]
parameters = {{ rows = 1 }}
concurrency_limit = 2
work_pool = {{ job_variables = {{ working_dir = "/tmp/{{{{ $SOURCE }}}}" }} }}
[env.prod]
variables = {{ SOURCE = "orders" }}
"""


def configure(platform: Platform) -> str:
    """One manifest, and another pool, variables and fields in DEV; the pool's name there."""
    pool = create_process_pool(platform.dev.server, platform.dev.name("dev-pool"))
    head = CONFIG.format(prefix=platform.dev.prefix).partition("[env.dev]")[0]
    platform.named("hourly")["parameters"] = {"rows": 5, "source": "{{ $SOURCE }}"}
    text = head + POLICY.format(pool=pool)
    platform.branch("feat/policy")
    platform.commit("policy", {"flowlift.toml": text})
    platform.push()
    return pool


def test_an_environment_has_its_own_pool_variables_and_fields(platform: Platform) -> None:
    pool = configure(platform)
    applied = platform.flowlift("apply", "dev", "--yes", environ={"SOURCE": "this machine's"})
    assert applied.code == 0, applied.err
    dev = platform.live(platform.dev)
    assert {item["work_pool_name"] for item in dev.values()} == {pool}
    assert dev["hourly"]["parameters"] == {"rows": 1, "source": "orders-dev"}
    assert dev["hourly"]["job_variables"] == {"working_dir": "/tmp/orders-dev"}
    assert dev["hourly"]["global_concurrency_limit"]["limit"] == 2
    assert dev["nightly"]["parameters"] == {}
    platform.repository.switch("main")
    platform.repository.merge("feat/policy")
    released = platform.flowlift("apply", "prod", "--yes")
    assert released.code == 0, released.err
    prod = platform.live(platform.prod)
    assert prod["hourly"]["work_pool_name"] == platform.pool
    assert prod["hourly"]["parameters"] == {"rows": 5, "source": "orders"}


def test_what_the_policy_wants_and_holds_is_no_change(platform: Platform) -> None:
    configure(platform)
    platform.flowlift("apply", "dev", "--yes")
    with Proxy(platform.dev.url) as proxy:
        again = platform.flowlift(
            "apply", "dev", "--yes", environ={"FLOWLIFT_DEV_API_URL": proxy.url}
        )
        assert again.code == 0, again.err
        assert list(proxy.writes) == []
    assert "No changes." in again.out


def test_explain_names_the_policy(platform: Platform) -> None:
    pool = configure(platform)
    result = platform.flowlift("explain", "*/hourly", "dev", "--json")
    (origins,) = json.loads(result.out).values()
    found = {origin["field"]: origin for origin in origins}
    assert found["work_pool_name"]["value"] == pool
    assert "policy dev" in found["work_pool_name"]["source"]
    assert found["parameters"]["source"].startswith("prefect.yaml:")
    assert "policy dev" in found["parameters"]["source"]
    assert "policy dev" in found["concurrency_limit"]["source"]


def test_a_change_of_the_policy_alone_is_a_reason(platform: Platform) -> None:
    configure(platform)
    plan = platform.flowlift("plan", "dev", "--json")
    assert set(plan.actions) == {"hourly", "nightly", "weekly"}
    assert any(reason.startswith("policy") for reason in plan.reasons("weekly"))


def test_a_pool_of_the_policy_that_is_not_there_is_told_before_any_write(
    platform: Platform,
) -> None:
    configure(platform)
    file = platform.repository.path / "flowlift.toml"
    text = file.read_text("utf-8").replace(platform.dev.name("dev-pool"), "no-such-pool")
    platform.commit("pool", {"flowlift.toml": text})
    platform.push()
    result = platform.flowlift("apply", "dev", "--yes")
    assert result.code == 2
    assert "no work pool 'no-such-pool' (see policy dev)" in " ".join(result.out.split())
    assert platform.live(platform.dev) == {}


def test_an_override_is_checked_against_the_flow(platform: Platform) -> None:
    configure(platform)
    file = platform.repository.path / "flowlift.toml"
    text = file.read_text("utf-8").replace("rows = 1", "rwos = 1")
    platform.commit("typo", {"flowlift.toml": text})
    platform.push()
    plan = platform.flowlift("plan", "dev", "--json")
    assert "unknown-parameter" in plan.checks
    offline = platform.flowlift("check")
    assert offline.code == 2
    assert "no parameter `rwos` (see policy" in " ".join(offline.out.split())
