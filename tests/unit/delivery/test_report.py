"""The report of a delivery: comment, summary, outputs, statuses. The forge is a stand-in."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flowlift.delivery import report
from flowlift.delivery.comment import write_comment
from flowlift.delivery.deciding import Decision, Step
from flowlift.delivery.events import Event
from flowlift.delivery.outcome import Outcome, said
from flowlift.delivery.report import Published, publish
from flowlift.findings import Action, Finding, Level
from flowlift.plan.model import Change, Plan, Provenance
from flowlift.project.outputs import CODE_QUALITY
from flowlift.project.workflows import Stage
from flowlift.render.comment import read_sections
from tests.parts.small_platform import SmallPlatform
from tests.parts.standin_forge import StandInForge


def plan(environment: str = "dev", *names: str) -> Plan:
    """A plan that updates these."""
    return Plan(
        environment=environment,
        scope="changed",
        workspace=f"https://{environment}.invalid",
        provenance=Provenance(repository="acme", commit="c" * 40, branch="feat/a"),
        changes=tuple(Change(action=Action.UPDATE, deployment=name) for name in names),
    )


def outcome(workflow: Any = "deployments", environment: str = "dev", **more: Any) -> Outcome:
    step = Step(workflow, "apply", environment, "changed: a")
    text = f"{workflow} of {environment or 'all'}"
    return Outcome(step, **{"section": lambda limit: text, **more})


class Reporting:
    """A project in CI whose pull request is 7, and what is published for it."""

    def __init__(self, platform: SmallPlatform, folder: Path) -> None:
        self.folder = folder
        self.forge = StandInForge()
        self.platform = platform
        platform.context = replace(platform.context, ci="github", pull_request=7, run="https://ci")

    def publish(self, *outcomes: Outcome, stage: Stage = Stage.PROPOSED) -> Published:
        decision = Decision(Event(stage, "a test"), (), {})
        return publish(self.platform.project, decision, outcomes, self.forge)

    @property
    def sections(self) -> dict[str, str]:
        (body,) = self.forge.bodies
        return read_sections(body)


@pytest.fixture
def reporting(
    platform: SmallPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Reporting:
    monkeypatch.setattr(report, "write_comment", partial(write_comment, sleep=lambda pause: None))
    platform.environ = {}
    return Reporting(platform, tmp_path)


# Comment ---------------------------------------------------------------------------------


def test_a_pull_request_gets_a_section_for_each_step_deployments_first(reporting: Reporting):
    published = reporting.publish(
        outcome("image", ""), outcome("worker"), outcome(environment="prod"), outcome()
    )
    assert (published.pull_request, published.undone) == (7, [])
    assert published.comment == "https://forge.invalid/comments/1"
    assert list(reporting.sections.values()) == [
        "deployments of dev",
        "deployments of prod",
        "image of all",
        "worker of dev",
    ]


def test_a_later_job_writes_into_the_same_comment(reporting: Reporting):
    reporting.publish(outcome())
    reporting.publish(outcome("image", ""))
    assert list(reporting.sections.values()) == ["deployments of dev", "image of all"]


def test_what_is_no_news_begins_no_comment_but_stands_in_one_that_is_there(reporting: Reporting):
    quiet = outcome("image", "", quiet=True)
    assert reporting.publish(quiet).comment == ""
    assert reporting.forge.bodies == []
    reporting.publish(outcome(), quiet)
    assert "image of all" in reporting.sections.values()


def test_after_a_merge_the_pull_request_is_found_by_its_commit(reporting: Reporting):
    reporting.platform.context = replace(reporting.platform.context, pull_request=None)
    commit = reporting.platform.repository.head()
    assert reporting.publish(outcome(), stage=Stage.MERGED).pull_request is None
    reporting.forge.merged[commit] = 12
    published = reporting.publish(outcome(environment="prod"), stage=Stage.MERGED)
    assert published.pull_request == 12
    (body,) = reporting.forge.bodies
    assert "## flowlift, after the merge" in body


def test_after_a_merge_what_found_nothing_to_do_hides_nothing(reporting: Reporting):
    reporting.publish(outcome(environment="prod"), stage=Stage.MERGED)
    again = outcome(environment="prod", quiet=True, section=lambda limit: "nothing")
    reporting.publish(again, stage=Stage.MERGED)
    assert list(reporting.sections.values()) == ["deployments of prod"]


def test_without_a_ci_no_forge_is_asked_for_the_pull_request(reporting: Reporting):
    context = replace(reporting.platform.context, ci="", pull_request=None)
    reporting.platform.context = context
    reporting.forge.merged[reporting.platform.repository.head()] = 12
    assert reporting.publish(outcome(), stage=Stage.MERGED).pull_request is None


def test_a_fork_s_token_cannot_comment_and_is_not_tried(reporting: Reporting):
    published = reporting.publish(outcome(), stage=Stage.OFFLINE)
    assert (published.comment, published.undone, reporting.forge.wrote) == ("", [], [])


# Summary, outputs, code quality ----------------------------------------------------------


def test_the_job_s_summary_has_all_of_it_behind_what_is_there(reporting: Reporting):
    file = reporting.folder / "summary.md"
    file.write_text("Before.\n")
    reporting.platform.environ["GITHUB_STEP_SUMMARY"] = str(file)
    reporting.publish(outcome(), outcome("image", ""), stage=Stage.OFFLINE)
    assert file.read_text() == ("Before.\n## flowlift\n\ndeployments of dev\n\nimage of all\n\n")


def test_sections_share_the_room_of_a_summary(reporting: Reporting):
    reporting.platform.environ["GITHUB_STEP_SUMMARY"] = str(reporting.folder / "summary.md")
    rooms: list[int] = []

    def section(limit: int) -> str:
        rooms.append(limit)
        return ""

    reporting.publish(*[outcome(section=section)] * 3, stage=Stage.OFFLINE)
    assert rooms == [300_000] * 3


def test_later_jobs_get_what_changed_and_where_the_plan_is(reporting: Reporting):
    reporting.platform.environ |= {
        "GITHUB_OUTPUT": str(reporting.folder / "out"),
        "RUNNER_TEMP": str(reporting.folder),
    }
    published = reporting.publish(
        outcome("image", "", outputs={"image": "flows@sha256:1", "tag": ""}),
        outcome(plan=plan("dev", "f/b", "f/a")),
        outcome(environment="prod", plan=plan("prod", "f/b")),
    )
    file = reporting.folder / "flowlift-plan-dev.json"
    assert published.outputs == {
        "changed": "true",
        "deployments": '["f/a", "f/b"]',
        "image": "flows@sha256:1",
        "plan": str(file),
    }
    assert json.loads(file.read_text())["environment"] == "dev"
    assert (reporting.folder / "flowlift-plan-prod.json").is_file()
    assert "changed=true\n" in (reporting.folder / "out").read_text()


@pytest.mark.parametrize(
    ("outcomes", "changed"),
    [
        ([outcome(plan=plan())], "false"),
        ([outcome(plan=plan("dev", "f/a"))], "true"),
        ([outcome("image", "", outputs={"image": "x"})], "true"),
        ([], "false"),
    ],
)
def test_whether_anything_changed_is_an_output(
    reporting: Reporting, outcomes: list[Outcome], changed: str
):
    assert reporting.publish(*outcomes).outputs["changed"] == changed


def test_gitlab_gets_the_findings_as_code_quality(reporting: Reporting):
    reporting.platform.environ |= {
        "GITLAB_CI": "true",
        "CI_PROJECT_DIR": str(reporting.folder),
    }
    finding = Finding(check="schedule", level=Level.ERROR, message="No.", file="prefect.yaml")
    reporting.publish(outcome(findings=(finding,)))
    (entry,) = json.loads((reporting.folder / CODE_QUALITY).read_text())
    assert entry["check_name"] == "schedule"


# Statuses --------------------------------------------------------------------------------


def test_an_environment_that_was_written_to_has_a_status(reporting: Reporting):
    reporting.publish(outcome(plan=plan("dev", "f/a"), state="success"))
    (status,) = reporting.forge.statuses
    assert (status.environment, status.state, status.ref) == ("dev", "success", "feat/a")
    assert (status.commit, status.url, status.run) == (
        "c" * 40,
        "https://dev.invalid",
        "https://ci",
    )


@pytest.mark.parametrize(
    "other",
    [
        outcome(plan=plan("dev", "f/a"), state=""),
        outcome(plan=plan(), state="success"),
        outcome(state="failure"),
        outcome("worker", plan=plan("dev", "f/a"), state="success"),
    ],
)
def test_what_was_not_to_be_written_has_none(reporting: Reporting, other: Outcome):
    reporting.publish(other)
    assert reporting.forge.statuses == []


# What goes wrong -------------------------------------------------------------------------


def test_what_a_forge_refuses_fails_nothing_and_is_said(reporting: Reporting):
    reporting.forge.refuses = "No right."
    published = reporting.publish(outcome(plan=plan("dev", "f/a"), state="success"))
    assert published.undone == [
        "the comment: No right.",
        "the environments' statuses: No right.",
    ]


def test_what_cannot_be_written_here_fails_nothing_and_the_rest_is_written(reporting: Reporting):
    nowhere = str(reporting.folder / "gone" / "file")
    reporting.platform.environ |= {"GITHUB_STEP_SUMMARY": nowhere, "GITHUB_OUTPUT": nowhere}
    published = reporting.publish(outcome())
    assert [line.partition(":")[0] for line in published.undone] == ["the outputs", "the summary"]
    assert reporting.sections == {"01/dev/deployments": "deployments of dev"}


def test_a_step_that_is_told_in_sentences_has_a_section_too(reporting: Reporting):
    reporting.publish(said(Step("image", "build", "", "why"), "Built.", ["'flows:1'"]))
    (section,) = reporting.sections.values()
    assert "Built." in section
