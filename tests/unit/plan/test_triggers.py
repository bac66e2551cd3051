"""Triggers as automations: what is kept whatever it is called."""

from __future__ import annotations

from flowlift.plan.triggers import automation, canonical, describe_trigger


def test_what_a_run_is_given_is_kept_whatever_its_keys_are_called():
    given = {"id": 5, "created": "x", "expect": ["b", "a"], "schedule_after": 0}
    document = automation({"parameters": given, "job_variables": given}, "nightly", 1)
    assert document["actions"][0]["parameters"] == given
    assert document["actions"][0]["job_variables"] == given
    assert canonical(document) == document


def test_that_a_new_trigger_is_off_is_shown():
    document = automation({"expect": ["done"], "enabled": False}, "nightly", 1)
    assert describe_trigger(document)["enabled"] is False
