"""What is to be done for an event: its stage looked up in the table, and why for each step.

Nothing is asked but git: neither a forge, nor a registry, nor a workspace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from flowlift.config.files import TABLES, own_table
from flowlift.delivery.events import Event, in_queue, read_event
from flowlift.errors import GitError, InputError
from flowlift.image.reference import parse
from flowlift.image.selection import changed_inputs, describe, select
from flowlift.plan.checks.report import Report
from flowlift.project.project import Project
from flowlift.project.workflows import (
    BUILDING,
    ELSEWHERE,
    QUEUED,
    TABLE,
    WORKFLOWS,
    Rule,
    Stage,
    Verb,
    Workflow,
)
from flowlift.repo.globs import Matcher, exact
from flowlift.words import listed

_SHOWN = 3
_CANNOT_TELL = "could not tell what the push has changed"


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


@dataclass
class _Question:
    """What steps are decided from, and those decided so far; `since` is None where not known."""

    project: Project
    request: Request
    stage: Stage
    since: str | None
    steps: list[Step] = field(default_factory=list)

    @property
    def image_comes(self) -> bool:
        """Whether an earlier step makes an image, which is then handed over."""
        return any(step.verb in BUILDING for step in self.steps)

    @cached_property
    def deployments(self) -> str:
        """Why deployments are looked at: found out once for all environments."""
        return _why_deployments(self)

    def environments(self, rule: Rule) -> tuple[str, ...]:
        """The environments asked for that a rule is for; one "" for what all of them share."""
        if not rule.where:
            return ("",)
        context, wanted = self.project.context, self.request.environments
        if rule.unless == QUEUED and in_queue(context):
            return ()
        if rule.unless == ELSEWHERE and context.base not in {None, self.project.default_branch}:
            return ()
        known = self.project.settings.environments_on(rule.where)
        return tuple(name for name in known if not wanted or name in wanted)


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
    left: dict[Workflow, str] = {}
    for workflow in WORKFLOWS:
        left[workflow] = "not asked for"
        if not request.only or workflow in request.only:
            left[workflow] = _add_steps(question, workflow)
    steps = tuple(question.steps)
    return Decision(event, steps, {workflow: why for workflow, why in left.items() if why})


def _add_steps(question: _Question, workflow: Workflow) -> str:
    """Add what the table says, where there is a reason to; why there is none, "" where one is."""
    if missing := _missing(question.project, workflow):
        return missing
    row = TABLE[question.stage][workflow]
    found = [
        Step(workflow, rule.verb, environment, why)
        for rule in row.rules
        for environment in question.environments(rule)
        if (why := _WHY[workflow](question, environment))
    ]
    question.steps += found
    if found:
        return ""
    if not row.rules:
        return row.why
    if workflow != "deployments" or not question.deployments:
        return _UNCHANGED[workflow]
    if question.stage is Stage.GONE:
        return "no environment runs branches"
    return "no environment that is asked for takes it"


def _missing(project: Project, workflow: Workflow) -> str:
    """What of a workflow's configuration is not there, "" where it is."""
    image = project.settings.image
    if workflow == "image" and image is None:
        return "no image is configured"
    if workflow == "worker" and not project.settings.worker and not (image and image.pools):
        return "neither a worker nor a pool of the image is configured"
    return ""


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


# Why ------------------------------------------------------------------------------------


def _why_image(question: _Question, environment: str) -> str:
    project, image = question.project, question.project.settings.image
    if image is None:
        return ""
    if question.since is None:
        return _CANNOT_TELL
    changed = describe(changed_inputs(project, select(project, image), question.since))
    return f"changed: {changed}" if changed else ""


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
        reasons.append(_CANNOT_TELL)
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


def _why_deployments(question: _Question) -> str:
    from flowlift.deployments.declared import read_manifests
    from flowlift.repo.changes import modified

    project = question.project
    if question.stage is Stage.GONE:
        return f"{project.context.gone} is gone, and what still runs it goes back"
    if question.since is None:
        return _CANNOT_TELL
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


_WHY: Mapping[Workflow, Callable[[_Question, str], str]] = {
    "image": _why_image,
    "worker": _why_worker,
    "deployments": lambda question, environment: question.deployments,
}
"""Why a workflow has something to do in an environment, "" where it has nothing to do."""

_UNCHANGED: Mapping[Workflow, str] = {
    "image": "none of its inputs has changed",
    "worker": "none of its inputs has changed, and no image is handed over",
    "deployments": "neither a manifest nor what its flows import has changed",
}
