"""The report of a delivery, where people and later jobs look: comment, summary, outputs, statuses.

None of it can fail a delivery: what could not be written is said instead.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flowlift.delivery.annotations import write_code_quality
from flowlift.delivery.comment import CommentPage, write_comment
from flowlift.delivery.deciding import Decision
from flowlift.delivery.outcome import Outcome
from flowlift.errors import ForgeError
from flowlift.forge import Forge, Status
from flowlift.project.outputs import write_outputs
from flowlift.project.project import Project
from flowlift.project.workflows import WORKFLOWS, Stage
from flowlift.render.comment import section_key
from flowlift.render.data import plan_json
from flowlift.render.visible import visible

_SUMMARY_LIMIT = 900_000
"""Bytes of a section in a job's summary: GitHub takes a mebibyte a step."""


@dataclass(slots=True)
class Published:
    """What was published; `undone` says what was not, and why."""

    comment: str = ""
    pull_request: int | None = None
    outputs: dict[str, str] = field(default_factory=dict)
    undone: list[str] = field(default_factory=list)


def publish(
    project: Project, decision: Decision, outcomes: Sequence[Outcome], forge: Forge
) -> Published:
    """Write all of it."""
    published = Published()

    def attempt(what: str, work: Callable[[], None]) -> None:
        try:
            work()
        except (ForgeError, OSError) as error:
            published.undone.append(f"{what}: {error}")

    attempt("the outputs", lambda: _outputs(project, outcomes, published))
    attempt("the summary", lambda: _summary(project, outcomes))
    attempt("the code quality report", lambda: write_code_quality(project.environ, outcomes))
    attempt("the comment", lambda: _comment(project, decision, outcomes, forge, published))
    attempt("the environments' statuses", lambda: _statuses(project, outcomes, forge))
    return published


def _outputs(project: Project, outcomes: Sequence[Outcome], published: Published) -> None:
    """`changed`, `deployments`, `plan`, `image`, `digest`; of several plans the first is named."""
    plans = [outcome.plan for outcome in outcomes if outcome.plan is not None]
    names = sorted({change.deployment for plan in plans for change in plan.writes})
    outputs = {
        "changed": str(bool(names) or any(o.outputs for o in outcomes)).lower(),
        "deployments": json.dumps(names),
    }
    for outcome in outcomes:
        outputs |= {key: value for key, value in outcome.outputs.items() if value}
    folder = project.environ.get("RUNNER_TEMP") or project.environ.get("CI_PROJECT_DIR")
    if plans and folder:
        for plan in reversed(plans):
            file = Path(folder) / f"flowlift-plan-{plan.environment}.json"
            file.write_text(plan_json(plan), encoding="utf-8")
            outputs["plan"] = str(file)
    published.outputs = outputs
    write_outputs(project.environ, outputs)


def _summary(project: Project, outcomes: Sequence[Outcome]) -> None:
    file = project.environ.get("GITHUB_STEP_SUMMARY")
    if not file:
        return
    share = _SUMMARY_LIMIT // max(1, len(outcomes))
    parts = ["## flowlift", *(outcome.section(share) for outcome in outcomes)]
    with Path(file).open("a", encoding="utf-8") as stream:
        stream.write("\n\n".join(parts) + "\n\n")


def _comment(
    project: Project,
    decision: Decision,
    outcomes: Sequence[Outcome],
    forge: Forge,
    published: Published,
) -> None:
    stage, context = decision.event.stage, project.context
    if stage is Stage.OFFLINE:
        return  # a fork's token may read only, as everybody knows: the summary has it
    news = [outcome for outcome in outcomes if not outcome.quiet]
    number = context.pull_request
    if number is None and stage is Stage.MERGED and news and context.ci:
        number = forge.pull_request_of(project.commit)
    if number is None:
        return
    published.pull_request = number
    kind, title = "proposal", "## flowlift"
    if stage is Stage.MERGED:
        kind, title = "merge", "## flowlift, after the merge"
        # A second run that found nothing to do must not hide what the first one did.
        outcomes = news
        if not outcomes:
            return
    sections = {_key(project, outcome): outcome.section for outcome in outcomes}
    done = write_comment(forge, number, CommentPage(kind, title, sections, start=bool(news)))
    published.comment = done.url if done else ""


def _key(project: Project, outcome: Outcome) -> str:
    step = outcome.step
    environments = list(project.settings.env)
    position = environments.index(step.environment) + 1 if step.environment else 0
    order = WORKFLOWS.index(step.workflow) * 20 + min(position, 19)
    # What DEV runs is what a reader looks for: the deployments stand first.
    return section_key((order + 20) % 60, step.environment, step.workflow)


def _statuses(project: Project, outcomes: Sequence[Outcome], forge: Forge) -> None:
    for outcome in outcomes:
        if outcome.step.workflow != "deployments" or not outcome.state or outcome.plan is None:
            continue
        plan = outcome.plan
        if not plan.writes:
            continue
        status = Status(
            environment=outcome.step.environment,
            ref=plan.provenance.branch,
            commit=plan.provenance.commit,
            state=outcome.state,
            url=visible(plan.workspace),
            run=project.context.run,
        )
        forge.set_status(status)
