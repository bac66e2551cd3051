"""Which of the three workflows an event asks for, in which order, and why each.

Nothing is asked but git: neither a forge, nor a registry, nor a workspace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from flowlift.config import Image
from flowlift.config.files import TABLES, own_table
from flowlift.delivery.events import Event, Stage, in_queue, read_event
from flowlift.errors import GitError, InputError
from flowlift.image.reference import parse
from flowlift.image.selection import changed_inputs, describe, select
from flowlift.plan.checks.report import Report
from flowlift.project.project import Project
from flowlift.repo.globs import Matcher, exact
from flowlift.words import listed

Workflow = Literal["image", "worker", "deployments"]
Verb = Literal["check", "build", "release", "update", "plan", "apply", "sync"]

WORKFLOWS: tuple[Workflow, ...] = ("image", "worker", "deployments")
"""In the order in which they are done: a deployment never names what is not there yet."""

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for; what is empty means all, `image` the one to hand over."""

    only: tuple[Workflow, ...] = ()
    environments: tuple[str, ...] = ()
    image: str = ""
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, and why. `environment` is "" for the image, which all of them share."""

    workflow: Workflow
    verb: Verb
    environment: str
    why: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The steps in their order; `left` says of each workflow without a step why it has none."""

    event: Event
    steps: tuple[Step, ...]
    left: Mapping[Workflow, str]


@dataclass(frozen=True, slots=True)
class _Question:
    """All that a workflow's steps are decided from; `since` is None where it is not known."""

    project: Project
    request: Request
    stage: Stage
    since: str | None
    image_comes: bool = False

    def environments(self, ref: Literal["branch", "default"]) -> tuple[str, ...]:
        """The environments asked for that run a pull request's branch, or the default one."""
        wanted = self.request.environments
        known = self.project.settings.env
        return tuple(
            name
            for name, policy in known.items()
            if policy.ref == ref and (not wanted or name in wanted)
        )


def decide(project: Project, request: Request) -> Decision:
    """What is to be done for the event in `project.context`.

    Raises:
        ConfigError: `request` names an environment that is not there.
        InputError: its image has no digest.
        InputError: there is no event, or one that says nothing about a change.
        GitError: the clone is too shallow to tell what has changed.
    """
    for name in request.environments:
        project.settings.environment(name)
    if request.image and not parse(request.image).digest:
        raise InputError(
            f"{request.image} has no digest, so nobody knows what it will be tomorrow.",
            remedy="Give it as REF@sha256:...: the output `image` of the job that built it.",
        )
    event = read_event(project.context, project.repository.branch(), project.default_branch)
    if event.stage is Stage.NOTHING:
        return Decision(event, (), dict.fromkeys(WORKFLOWS, event.why))
    question = _Question(project, request, event.stage, _since(project, event.stage))
    steps: list[Step] = []
    left: dict[Workflow, str] = {}
    for workflow in WORKFLOWS:
        if request.only and workflow not in request.only:
            left[workflow] = "not asked for"
            continue
        comes = any(step.verb in {"build", "release"} for step in steps)
        found, why_not = _DECIDERS[workflow](
            _Question(project, request, event.stage, question.since, comes)
        )
        steps += found
        if not found:
            left[workflow] = why_not
    return Decision(event, tuple(steps), left)


def _since(project: Project, stage: Stage) -> str | None:
    """The commit that the change began at; None where nothing tells it."""
    repository, context = project.repository, project.context
    if stage is Stage.GONE:
        return None
    if stage is not Stage.MERGED:
        return repository.merge_base(repository.default_ref(context.base or project.default_branch))
    if context.before is None or repository.resolve(context.before) is None:
        return None
    try:
        return repository.merge_base(context.before)
    except GitError:
        return None  # forced, or from elsewhere: then everything may have changed


# Image -----------------------------------------------------------------------------------


def _image(question: _Question) -> tuple[list[Step], str]:
    image = question.project.settings.image
    if image is None:
        return [], "no image is configured"
    if question.stage is Stage.GONE:
        return [], "a branch that is gone changes no image"
    verbs: Mapping[Stage, Verb] = {Stage.PROPOSED: "build", Stage.MERGED: "release"}
    verb = verbs.get(question.stage, "check")
    if question.since is None:
        return [Step("image", verb, "", "could not tell what the push has changed")], ""
    changed = _image_inputs(question.project, image, question.since)
    if not changed:
        return [], "none of its inputs has changed"
    return [Step("image", verb, "", f"changed: {changed}")], ""


def _image_inputs(project: Project, image: Image, since: str) -> str:
    return describe(changed_inputs(project, image, select(project, image), since))


# Worker ----------------------------------------------------------------------------------


def _worker(question: _Question) -> tuple[list[Step], str]:
    project, stage = question.project, question.stage
    pools = project.settings.image.pools if project.settings.image else {}
    if not project.settings.worker and not pools:
        return [], "neither a worker nor a pool of the image is configured"
    if stage not in {Stage.PROPOSED, Stage.MERGED}:
        return [], "nothing is written at this stage"
    environments = [
        *question.environments("branch"),
        *(question.environments("default") if stage is not Stage.PROPOSED else ()),
    ]
    steps = []
    for name in environments:
        why = _why_worker(question, name)
        if why:
            steps.append(Step("worker", "update", name, why))
    if steps:
        return steps, ""
    return [], "none of its inputs has changed, and no image is handed over"


def _why_worker(question: _Question, environment: str) -> str:
    project = question.project
    reasons = []
    if question.request.image:
        reasons.append(f"the image {question.request.image}")
    elif question.image_comes:
        reasons.append("the image that comes before")
    workers = project.settings.workers_of(environment)
    pools = project.settings.image.pools if project.settings.image else {}
    if not workers and not pools.get(environment):
        return ""
    if workers and question.since is None:
        reasons.append("could not tell what the push has changed")
    elif workers and question.since is not None:
        changed = project.repository.changed_files(question.since).paths
        names = [file for worker in workers for file in worker.files(environment)]
        charts = [w.own_chart for w in workers if w.own_chart]
        globs = [*map(exact, (*names, *charts)), *(f"{exact(chart)}/**" for chart in charts)]
        inputs = Matcher([*globs, *TABLES])
        touched = sorted(path for path in changed if inputs.matches(path))
        touched = [path for path in touched if _says_worker(project, path, question.since)]
        if touched:
            reasons.append(f"changed: {listed(touched, _SHOWN)}")
    return " and ".join(reasons)


def _says_worker(project: Project, path: str, since: str) -> bool:
    """Whether a change of `path` is one of the worker: of the configuration only its own table."""
    if path not in TABLES:
        return True
    read = project.repository.read
    before, after = (own_table(read(ref, path), path) or {} for ref in (since, None))
    return before.get("worker") != after.get("worker")


# Deployments -----------------------------------------------------------------------------


def _deployments(question: _Question) -> tuple[list[Step], str]:
    branch, default = question.environments("branch"), question.environments("default")
    if question.stage is Stage.GONE:
        gone = question.project.context.gone
        why = f"{gone} is gone, and what still runs it goes back"
        return [Step("deployments", "sync", name, why) for name in branch], (
            "no environment runs branches"
        )
    why = _why_deployments(question)
    if not why:
        return [], "neither a manifest nor what its flows import has changed"
    verbs: Mapping[Stage, tuple[Verb, Verb]] = {
        Stage.PROPOSED: ("apply", "plan"),
        Stage.SHOWN: ("plan", "plan"),
        Stage.MERGED: ("sync", "apply"),
    }
    if question.stage is Stage.OFFLINE:
        return [Step("deployments", "check", "", why)], ""
    context = question.project.context
    if in_queue(context):
        branch = ()  # it has a branch of its own, and DEV has the pull request's
    if question.stage is not Stage.MERGED and context.base not in {
        None,
        question.project.default_branch,
    }:
        default = ()  # what is merged into another branch changes nothing in PROD
    on_branch, on_default = verbs[question.stage]
    first = [Step("deployments", on_branch, name, why) for name in branch]
    second = [Step("deployments", on_default, name, why) for name in default]
    # PROD first after a merge: nobody waits for DEV then.
    steps = second + first if question.stage is Stage.MERGED else first + second
    return steps, "no environment that is asked for takes it"


def _why_deployments(question: _Question) -> str:
    """Why deployments are looked at, "" where nothing of them has changed."""
    from flowlift.deployments.declared import read_manifests
    from flowlift.repo.changes import modified

    project = question.project
    if question.since is None:
        return "could not tell what the push has changed"
    if not project.repository.changed_files(question.since).paths:
        return ""
    try:
        declared = read_manifests(project, project.repository.files(), Report({}))
    except InputError as error:
        return f"could not tell: {error.message}"  # the plan says it again, with all that is known
    found = modified(project.repository, project.settings, declared, question.since)
    names = [declared[index].name for index, why in found.reasons.items() if why]
    names += [entry.name for entry in found.removed if entry.name not in names]
    if names:
        return f"changed: {listed(names, _SHOWN)}"
    if question.project.context.action in {"synchronize", "synchronized", "reopened"}:
        return "an earlier commit may have changed something that this one takes back"
    return ""


_DECIDERS: Mapping[Workflow, Callable[[_Question], tuple[list[Step], str]]] = {
    "image": _image,
    "worker": _worker,
    "deployments": _deployments,
}
