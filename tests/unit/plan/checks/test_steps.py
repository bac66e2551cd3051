"""Steps that cannot run as they are written."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.findings import Finding
from flowlift.plan.checks.report import Report
from flowlift.plan.checks.steps import check_steps
from tests.parts.plans import CLONE, declared

CLONE_STEP = "prefect.deployments.steps.git_clone"


def found(*pull: Any) -> list[Finding]:
    report = Report()
    check_steps(declared(pull=pull), report)
    return report.findings


def test_sound_steps_have_no_findings() -> None:
    own = {"acme.steps.fetch": {"anything": 1, "id": "x"}}
    shell = {"prefect.deployments.steps.run_shell_script": {"script": "true", "id": "y"}}
    assert found(CLONE, own, shell, {"acme.steps.bare": None}) == []


@pytest.mark.parametrize(
    ("step", "check", "said"),
    [
        ({CLONE_STEP: None, "repository": "x"}, "step", "Indent the inputs"),
        ({CLONE_STEP: {"repo": "x"}}, "step", "`repository` meant"),
        (
            {"prefect.projects.steps.git_clone_project": {"repository": "x"}},
            "doubtful-step",
            "Prefect 2",
        ),
    ],
)
def test_a_step_that_cannot_run_says_why(step: Any, check: str, said: str) -> None:
    (finding,) = found(step)
    assert finding.check == check
    assert said in finding.message + finding.remedy


def test_an_id_that_hides_another_is_told() -> None:
    step = {"prefect.deployments.steps.run_shell_script": {"script": "true", "id": "x"}}
    assert [finding.check for finding in found(step, step)] == ["doubtful-step"]
