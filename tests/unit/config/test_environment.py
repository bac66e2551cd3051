"""The tables `[tool.flowlift.env.NAME]`."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import msgspec
import pytest
import tomli

from flowlift.config.environment import Environment, own_variable


def read(toml: str) -> Environment:
    return msgspec.convert(tomli.loads(toml), Environment)


def test_an_environment_that_says_nothing_changes_nothing_of_a_manifest():
    said = Environment()
    assert (said.ref, said.schedules, said.triggers) == ("default", "declared", "declared")
    assert (said.prune, said.on_drift, said.verify) == (True, "undo", False)
    assert (said.tags, said.pool, said.patches) == ((), None, ())


def test_a_variable_of_an_environment_has_its_name_in_capitals() -> None:
    assert own_variable("dev", "API_URL") == "FLOWLIFT_DEV_API_URL"
    assert own_variable("prod-eu-2", "API_KEY") == "FLOWLIFT_PROD_EU_2_API_KEY"


def test_its_own_keys_have_dashes():
    assert read("on-drift = 'keep'").on_drift == "keep"
    with pytest.raises(msgspec.ValidationError, match="on_drift"):
        read("on_drift = 'keep'")


def test_an_override_is_a_part_of_a_manifests_entry_with_the_manifests_keys():
    said = read(
        "[overrides.'ingest/*'.work_pool]\nwork_queue_name = 'slow'\njob_variables = { cpu = 2 }\n"
        "[overrides.'*/nightly']\nconcurrency_limit = { limit = 1 }\n"
    )
    assert said.patches == (
        ("ingest/*", {"work_pool": {"work_queue_name": "slow", "job_variables": {"cpu": 2}}}),
        ("*/nightly", {"concurrency_limit": {"limit": 1}}),
    )
    with pytest.raises(msgspec.ValidationError, match="work-pool"):
        read("overrides.'*'.work-pool = {}")


def test_patterns_stand_in_the_order_of_the_file():
    said = read("overrides.b.parameters.x = 1\noverrides.a.parameters.x = 2\n")
    assert [pattern for pattern, _ in said.patches] == ["b", "a"]


def test_what_an_override_does_not_name_is_absent_from_it():
    assert read("overrides.'*' = {}").patches == (("*", {}),)
    assert read("overrides.'*'.work_pool = {}").patches == (("*", {"work_pool": {}}),)


@pytest.mark.parametrize(
    ("toml", "value"),
    [
        ("2026-01-02", date(2026, 1, 2)),
        ("2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5)),
        ("03:04:05", time(3, 4, 5)),
        ("'2026-01-02'", "2026-01-02"),
        ("[1, { 'größe' = '東京' }]", [1, {"größe": "東京"}]),
    ],
)
def test_a_parameter_keeps_its_value_and_its_type(toml: str, value: Any):
    patches = read(f"overrides.'*'.parameters.day = {toml}").patches
    assert patches == (("*", {"parameters": {"day": value}}),)
    assert type(patches[0][1]["parameters"]["day"]) is type(value)
