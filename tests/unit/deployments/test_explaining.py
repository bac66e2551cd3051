"""Where the fields of a deployment come from."""

from __future__ import annotations

from dataclasses import replace

from flowlift.deployments.explaining import explain
from flowlift.plan.desired import resolve
from flowlift.plan.templates import TemplateValues
from tests.parts.plans import declared, flow, policy


def test_a_trigger_has_its_own_line_behind_entries_that_are_none():
    entry = replace(
        declared(
            triggers=[
                "none",
                {"expect": ["a"], "posture": "Sideways"},
                {"name": "sound", "expect": ["b"], "enabled": False},
            ]
        ),
        lines={("triggers", 0): 15, ("triggers", 1): 16, ("triggers", 2): 18}
        | {("triggers", 2, "enabled"): 20},
    )
    resolution = resolve(entry, flow(), TemplateValues({}), policy())
    assert [problem.path for problem in resolution.problems] == [("triggers", 0), ("triggers", 1)]
    sources = {origin.field: origin.source for origin in explain(resolution)}
    assert sources["triggers.sound"] == "prefect.yaml:18"
    assert sources["triggers.sound.enabled"] == "prefect.yaml:20"
