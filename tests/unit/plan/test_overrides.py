"""What an environment's policy makes of an entry: its work pool, its overrides by pattern."""

from __future__ import annotations

from typing import Any

from flowlift.plan.desired import resolve
from flowlift.plan.overrides import decided, override
from flowlift.plan.templates import TemplateValues
from tests.parts.plans import declared, flow, policy

ENTRY: dict[str, Any] = {
    "name": "daily",
    "parameters": {"rows": 10, "where": {"town": "Bonn", "zip": "53111"}},
    "work_pool": {"name": "pool", "job_variables": {"image": "a:1", "env": {"A": "1"}}},
}
MORE = {"work_pool": {"job_variables": {"memory": "1Gi"}}, "parameters": {"rows": 1}}


def test_an_environment_that_says_nothing_leaves_the_entry_as_it_is():
    assert override(ENTRY, policy(), "ingest/daily") is ENTRY
    assert decided(policy(), "ingest/daily") == set()


def test_the_environments_pool_counts_whatever_the_manifest_says():
    dev = policy(pool="dev-pool")
    assert override(ENTRY, dev, "ingest/daily")["work_pool"] == {
        "name": "dev-pool",
        "job_variables": ENTRY["work_pool"]["job_variables"],
    }
    assert override({"work_pool": None}, dev, "a/b") == {"work_pool": {"name": "dev-pool"}}
    assert decided(dev, "ingest/daily") == {"work_pool_name"}


def test_what_an_override_does_not_name_stays():
    found = override(ENTRY, policy(overrides=(("ingest/*", MORE),)), "ingest/daily")
    assert found["parameters"] == {"rows": 1, "where": ENTRY["parameters"]["where"]}
    assert found["work_pool"] == {
        "name": "pool",
        "job_variables": {"image": "a:1", "env": {"A": "1"}, "memory": "1Gi"},
    }


def test_a_value_within_a_parameter_or_a_job_variable_is_replaced_whole():
    patch = {
        "parameters": {"where": {"town": "Kiel"}},
        "work_pool": {"job_variables": {"env": {"B": "2"}}},
    }
    found = override(ENTRY, policy(overrides=(("*", patch),)), "ingest/daily")
    assert found["parameters"]["where"] == {"town": "Kiel"}
    assert found["work_pool"]["job_variables"]["env"] == {"B": "2"}


def test_of_several_patterns_the_later_one_counts_more_and_others_do_not_count():
    rules = (
        ("ingest/*", {"concurrency_limit": 1}),
        ("*/daily", {"concurrency_limit": 2}),
        ("report/*", {"concurrency_limit": 3}),
    )
    assert override(ENTRY, policy(overrides=rules), "ingest/daily")["concurrency_limit"] == 2
    assert decided(policy(overrides=rules), "ingest/daily") == {"concurrency_limit"}


def test_a_desired_deployment_names_the_policy_as_the_origin():
    dev = policy("dev", pool="dev-pool", overrides=(("ingest/daily", MORE),))
    desired = resolve(declared(parameters={"rows": 5}), flow(), TemplateValues(), dev).desired
    assert desired.body["work_pool_name"] == "dev-pool"
    assert desired.body["parameters"] == {"rows": 1}
    assert desired.body["job_variables"] == {"memory": "1Gi"}
    by_policy = {name for name, origin in desired.origins.items() if origin == "policy dev"}
    assert by_policy == {"work_pool_name", "parameters", "job_variables"}


def test_templates_in_an_override_are_resolved_as_in_the_manifest():
    patch = {"work_pool": {"job_variables": {"bucket": "{{ $BUCKET }}"}}}
    dev = policy(overrides=(("*", patch),))
    desired = resolve(
        declared(), flow(), TemplateValues(environ={"BUCKET": "acme-dev"}), dev
    ).desired
    assert desired.body["job_variables"] == {"bucket": "acme-dev"}
