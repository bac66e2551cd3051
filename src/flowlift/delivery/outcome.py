"""What a delivery carries from step to step, and what each step comes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from flowlift.delivery.deciding import Request, Step
from flowlift.delivery.voice import DeliveryVoice
from flowlift.errors import FlowliftError
from flowlift.findings import Finding
from flowlift.forge import Forge
from flowlift.plan.model import Plan
from flowlift.project.project import Project
from flowlift.project.workflows import WRITING
from flowlift.render.delivery import facts_section, failure_section
from flowlift.render.visible import visible


@dataclass(slots=True)
class State:
    """What is under way. `image` is the one to hand over: pinned by its digest, "" for none."""

    project: Project
    request: Request
    forge: Forge
    voice: DeliveryVoice
    image: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step ended.

    `section` writes it as markdown within a number of bytes. `quiet` says that it is no news: it
    begins no comment. `written` are the deployments that were written, `outputs` what later jobs
    may want, `data` the rest of it for `--json`.
    """

    step: Step
    section: Callable[[int], str]
    code: int = 0
    error: FlowliftError | None = None
    quiet: bool = False
    plan: Plan | None = None
    findings: tuple[Finding, ...] = ()
    written: tuple[str, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    state: Literal["success", "failure", ""] = ""
    """What the environment has come to, "" where nothing was to be written to it."""


def title_of(step: Step) -> str:
    """What a step's section is headed with."""
    if step.workflow == "deployments":
        return step.environment or "deployments"
    return f"{step.environment}: {step.workflow}" if step.environment else step.workflow


def said(
    step: Step,
    lead: str,
    facts: Sequence[str] = (),
    *,
    quiet: bool = False,
    findings: Sequence[Finding] = (),
    **outputs: str,
) -> Outcome:
    """A step that is told in a few sentences, with names in quotes."""
    return Outcome(
        step,
        lambda limit: facts_section(title_of(step), lead, facts, limit),
        quiet=quiet,
        findings=tuple(findings),
        outputs=outputs,
        data={"lead": lead, "facts": list(facts)},
    )


def failed(step: Step, error: FlowliftError, findings: Sequence[Finding] = ()) -> Outcome:
    """A step that an error ended; `findings` are those that were found until then."""
    where = visible(str(error.at)) if error.at else ""
    message, remedy = error.message, error.remedy

    def section(limit: int) -> str:
        return failure_section(title_of(step), message, remedy, where)

    return Outcome(
        step,
        section,
        code=error.exit_code,
        error=error,
        findings=tuple(findings),
        state="failure" if step.verb in WRITING else "",
        data={"error": message, "remedy": remedy},
    )
