"""What is read for a plan, and what is not asked for. Git is a stand-in, the API is a fake."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flowlift.deployments.reading import reads_everything, resolve_all
from flowlift.deployments.scope import Options
from flowlift.errors import ConfigError, UnsupportedError
from tests.parts.plans import policy
from tests.parts.small_platform import SmallPlatform


def asked(platform: SmallPlatform, environment: str, path: str) -> list[Any]:
    """The questions for one path, as they were sent."""
    requests = platform.workspace(environment).requests
    return [request.json() for request in requests if request.path == path]


@pytest.mark.parametrize(
    ("branch", "options", "everything"),
    [
        ("main", Options(), True),
        ("feat/a", Options(), False),
        ("feat/a", Options("all"), True),
        ("main", Options("changed"), False),
        ("main", Options(names=("daily",)), False),
        ("main", Options("all", names=("daily",)), False),
    ],
)
def test_the_whole_workspace_is_read_only_for_all_that_is_declared(
    branch: str, options: Options, everything: bool
):
    assert reads_everything(policy(branch=branch), options) is everything


def test_for_all_that_is_declared_the_workspace_is_read_once(platform: SmallPlatform):
    reading = platform.read("prod")
    assert len(reading.resolutions) == 3
    (query,) = asked(platform, "prod", "/deployments/filter")
    assert "deployments" not in query


def test_a_named_deployment_alone_is_asked_for_by_its_name(platform: SmallPlatform):
    platform.read("prod", names=("ingest/*",))
    (query,) = asked(platform, "prod", "/deployments/filter")
    assert query["deployments"] == {"name": {"any_": ["hourly", "nightly"]}}


def test_a_branch_asks_for_its_scope_and_for_what_has_its_tag(platform: SmallPlatform):
    platform.named("weekly")["parameters"] = {"day": "monday"}
    platform.deployments.remove(platform.named("nightly"))
    platform.propose("feat/day")
    platform.read("dev")
    queries = [query["deployments"] for query in asked(platform, "dev", "/deployments/filter")]
    assert {"name": {"any_": ["nightly", "weekly"]}} in queries
    assert {"tags": {"all_": ["feat/day"]}} in queries


def test_the_remote_is_asked_for_its_branches_only_where_they_matter(platform: SmallPlatform):
    assert platform.read("prod").heads == {}
    assert platform.repository.asked == []
    heads = platform.read("dev", scope="all").heads
    assert heads == {"main": platform.repository.head()}
    assert platform.repository.asked == ["heads"]
    assert platform.read("prod", returning=True).heads == heads


def test_without_a_remote_nobody_is_asked(platform: SmallPlatform):
    platform.repository = replace(platform.repository, url="")
    assert platform.read("dev", scope="all").heads == {}
    assert platform.repository.asked == []


def test_pools_in_scope_are_read_with_their_queues(platform: SmallPlatform):
    platform.prod.pool("other")
    reading = platform.read("prod")
    assert list(reading.inventory.pools) == ["pool"]
    assert reading.inventory.pools["pool"].queues == {"default"}
    assert reading.inventory.pool_names == ()


def test_variables_and_blocks_are_asked_for_only_where_templates_name_them(
    platform: SmallPlatform,
):
    platform.read("prod")
    assert asked(platform, "prod", "/variables/filter") == []
    platform.named("weekly")["parameters"] = {"day": "{{ prefect.variables.day }}"}
    platform.named("hourly")["work_pool"]["job_variables"] = {
        "env": {"KEY": "{{ prefect.blocks.secret.key }}"}
    }
    platform.commit()
    platform.prod.variable("day", "monday")
    secret = {"id": "b1", "name": "key", "block_type": {"slug": "secret"}, "data": {"value": "x"}}
    platform.prod.blocks["b1"] = {
        **secret,
        "block_schema": {"fields": {"secret_fields": ["value"]}},
    }
    values = platform.read("prod").values
    assert dict(values.variables or {}) == {"day": "monday"}
    block = values.blocks["secret", "key"]
    assert (block.data, block.secret) == ({"value": "x"}, True)
    (query,) = asked(platform, "prod", "/variables/filter")
    assert query["variables"] == {"name": {"any_": ["day"]}}


def test_a_template_outside_of_the_scope_is_not_asked_for(platform: SmallPlatform):
    platform.named("weekly")["parameters"] = {"day": "{{ prefect.variables.day }}"}
    platform.commit()
    platform.read("prod", names=("hourly",))
    assert asked(platform, "prod", "/variables/filter") == []


def test_a_policy_gives_variables_of_its_own(platform: SmallPlatform):
    config = '[env.prod]\nref = "default"\n[env.prod.variables]\nDAY = "friday"\n'
    platform.named("weekly")["parameters"] = {"day": "{{ $DAY }}"}
    platform.commit({"flowlift.toml": config})
    (weekly,) = [
        resolution.desired
        for resolution in platform.read("prod").resolutions.values()
        if resolution.desired.name == "weekly"
    ]
    assert weekly.body["parameters"] == {"day": "friday"}


def test_what_has_neither_a_flow_nor_a_name_is_not_resolved(platform: SmallPlatform):
    platform.named("weekly")["entrypoint"] = "src/flows/gone.py:report"
    platform.named("hourly")["name"] = ""
    platform.commit()
    reading = platform.read("prod")
    assert [resolution.desired.name for resolution in reading.resolutions.values()] == ["nightly"]


def test_outputs_of_build_steps_are_those_of_their_own_entry(platform: SmallPlatform):
    for name in ("hourly", "nightly"):
        platform.named(name)["tags"] = ["{{ image.tag }}"]
        platform.named(name)["build"] = [{"my.steps.image": {"id": "image"}}]
    platform.commit()
    reading = platform.read("prod")
    resolutions = resolve_all(
        reading.scoped, reading.values, reading.policy, {0: {"image": {"tag": "flows:1"}}}
    )
    tags = {item.desired.name: item.desired.body["tags"] for item in resolutions.values()}
    assert tags["hourly"] == ["flows:1"]
    assert tags["nightly"] != ["flows:1"]


def test_the_server_s_version_is_part_of_the_policy(platform: SmallPlatform):
    reading = platform.read("prod")
    assert (reading.policy.server_version, reading.policy.is_cloud) == ("3.8.8", False)
    assert reading.address == "http://prod.invalid"


def test_a_server_that_is_too_old_ends_it(platform: SmallPlatform):
    platform.prod.version = "3.3.7"
    with pytest.raises(UnsupportedError, match=r"Prefect 3\.3\.7"):
        platform.read("prod")


def test_an_environment_that_is_not_there_ends_it_before_anybody_is_asked(
    platform: SmallPlatform,
):
    with pytest.raises(ConfigError):
        platform.read("stage")
    assert platform.prod.requests == []
