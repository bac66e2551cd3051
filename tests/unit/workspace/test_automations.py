"""Which automations are the triggers of a deployment, and in what shape they come."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.workspace.automations import (
    LABEL,
    Automations,
    deployment_ids,
    is_owned,
    label,
    names_in,
    normal,
    owned_triggers,
)
from tests.parts import writes
from tests.parts.fake_api import ask, fake_api


def test_an_automation_comes_back_as_the_trigger_that_was_sent():
    trigger = writes.trigger("nightly", within=5)
    assert normal(writes.automation_of(trigger, "d1")) == trigger


def test_also_from_a_server_that_knows_less():
    trigger = writes.trigger("nightly")
    old = writes.automation_of(trigger, "d1")
    del old["tags"]
    old["actions"][0].pop("schedule_after", None)
    assert normal(old) == trigger


STAMPED = {"name": "nightly", "labels": writes.STAMP}


@pytest.mark.parametrize(
    ("name", "labels", "owned"),
    [
        ("nightly__automation_2", writes.STAMP, True),
        ("made by hand", writes.STAMP, False),
        ("other__automation_1", writes.STAMP, False),
        ("after upload", {**writes.STAMP, LABEL: '["after upload"]'}, True),
        ("made by hand", {**writes.STAMP, LABEL: '["after upload"]'}, False),
        ("made by hand", {**writes.STAMP, LABEL: "broken"}, False),
        # Never written by flowlift: it cannot tell, so it includes.
        ("made by hand", {"prefect.flow.id": "f"}, True),
        ("made by hand", None, True),
    ],
)
def test_which_automations_are_a_deployments_triggers(name: str, labels: Any, owned: bool):
    assert is_owned({"name": name}, {"name": "nightly", "labels": labels}) is owned


def test_the_label_lists_the_names_of_triggers():
    triggers = (writes.trigger("x", name="née"), writes.trigger("x", 2))
    assert names_in(label(triggers)) == ["née", "x__automation_2"]
    assert label(()) == {}


def test_an_automation_that_does_more_than_run_the_deployment_is_no_trigger():
    run = {"type": "run-deployment", "deployment_id": "d1"}
    assert deployment_ids({"actions": [run]}) == ["d1"]
    assert deployment_ids({"actions": [run, {"type": "send-notification"}]}) == []
    assert deployment_ids({"actions": [{"type": "pause-deployment", "deployment_id": "d1"}]}) == []


def test_triggers_are_in_the_order_in_which_they_were_made():
    one, two = writes.trigger("nightly"), writes.trigger("nightly", 2)
    items = (
        writes.automation_of(two, "d1", id="a2", created="2026-01-02T00:00:00Z"),
        writes.automation_of(one, "d1", id="a1", created="2026-01-01T00:00:00Z"),
        writes.automation_of(one, "d9", id="a3", created="2026-01-01T00:00:00Z"),
    )
    with fake_api(lambda request: None) as api:
        known = Automations(items, complete=True)
        found = ask(api.url, lambda c: owned_triggers(c, known, {"d1": STAMPED}))
    assert found == {"d1": (one, two)}
