"""The deployments' part of a delivery: planned, applied, run, or brought back."""

from __future__ import annotations

from collections.abc import Sequence

from flowlift.delivery.deciding import Step
from flowlift.delivery.outcome import Outcome, State, failed, said, title_of
from flowlift.delivery.voice import Noting
from flowlift.deployments.applying import Applied, ApplyOrder, apply
from flowlift.deployments.checking import check
from flowlift.deployments.planning import decide
from flowlift.deployments.reading import read
from flowlift.deployments.scope import Options
from flowlift.deployments.syncing import sync
from flowlift.deployments.verifying import RunOutcome, verify
from flowlift.errors import EndpointError, FindingsError, InputError, OlderCommitError
from flowlift.findings import Level
from flowlift.plan import stamps
from flowlift.plan.model import Plan
from flowlift.render.delivery import Part, facts_section, findings_section, plan_section
from flowlift.render.visible import visible
from flowlift.words import listed
from flowlift.workspace.client import Client

INTERRUPTED = 130
_NAMED = 10


def deliver_deployments(state: State, step: Step) -> Outcome:
    """One environment's step: check, plan, apply or sync."""
    if step.verb == "check":
        return _check(state, step)
    if step.verb == "plan":
        return _plan(state, step)
    return _write(state, step)


def _check(state: State, step: Step) -> Outcome:
    """What the repository alone tells, of what the change is about."""
    scoped, findings = check(state.project, Options("changed"))
    errors = any(finding.level is Level.ERROR for finding in findings)
    names = tuple(name for index in scoped.reasons if (name := scoped.key(index)))
    why = "Planned without a workspace, as a fork gets no secrets."
    if names:
        quoted = [f"'{visible(name)}'" for name in names]
        why += f" Changed: {listed(quoted, _NAMED)}."
    return Outcome(
        step,
        lambda limit: findings_section(title_of(step), len(scoped.reasons), findings, limit, why),
        code=InputError.exit_code if errors else 0,
        quiet=not scoped.reasons and not findings,
        findings=tuple(findings),
        data={"in_scope": names},
    )


def _plan(state: State, step: Step) -> Outcome:
    project = state.project
    try:
        project.endpoint(step.environment)
    except EndpointError as error:
        if step.environment in state.request.environments:
            raise
        # Secrets of PROD may well be kept from pull requests: what is known is still delivered.
        lead = f"Not planned: this job has no address of {step.environment}."
        state.voice.say(f"{step.environment}: not planned: {error.message}")
        return Outcome(step, lambda limit: facts_section(title_of(step), lead), quiet=True)

    async def work(client: Client) -> Plan:
        return decide(project, await read(project, step.environment, Options(), client))

    plan = project.ask(step.environment, work)
    state.voice.planned(plan)
    return Outcome(
        step,
        lambda limit: plan_section(plan, "planned", limit),
        code=InputError.exit_code if plan.errors else 0,
        quiet=not plan.writes and not plan.findings,
        plan=plan,
        findings=plan.findings,
    )


def _write(state: State, step: Step) -> Outcome:
    """Apply, or bring back; then run what was written, where the environment wants that."""
    project, environment = state.project, step.environment
    voice = Noting(state.voice)
    order, part = _order(state, step)
    write = sync if step.verb == "sync" else apply
    try:
        result = project.ask(environment, lambda client: write(project, order, client, voice))
    except OlderCommitError as error:
        # Of an earlier job that runs again, or ends last: what is there is newer, and stays.
        state.voice.say(f"Nothing to do: {error.message}")
        return said(step, "Nothing to do.", [error.message], quiet=True)
    except FindingsError as error:
        if voice.plan is None:
            return failed(step, error)
        return _refused(step, voice.plan, part, error)
    state.voice.applied(result)
    runs: list[RunOutcome] = []
    if part == "proposed" and result.complete and project.settings.environment(environment).verify:
        runs = _runs(state, environment, result)
        state.voice.ran(runs)
    return _applied(step, part, result, runs)


def _order(state: State, step: Step) -> tuple[ApplyOrder, Part]:
    if step.verb == "apply":
        on_default = state.project.settings.environment(step.environment).ref == "default"
        return ApplyOrder(step.environment), "released" if on_default else "proposed"
    gone = frozenset({state.project.context.gone} if state.project.context.gone else ())
    return ApplyOrder(step.environment, Options("all", gone=gone), returning=True), "returned"


def _refused(step: Step, plan: Plan, part: Part, error: FindingsError) -> Outcome:
    return Outcome(
        step,
        lambda limit: plan_section(plan, part, limit),
        code=error.exit_code,
        error=error,
        plan=plan,
        findings=plan.findings,
        state="failure",
    )


def _runs(state: State, environment: str, result: Applied) -> list[RunOutcome]:
    """Run what the branch has there and what has not run well at this commit.

    Written by this job or not: a job that runs again, or a commit that changes only source, writes
    nothing and proves nothing. What went back to the default branch is not run.
    """
    branch = result.plan.provenance.branch
    names = tuple(
        change.deployment for change in result.plan.changes if stamps.branch_after(change) == branch
    )
    project = state.project
    if not names:
        return []

    async def work(client: Client) -> list[RunOutcome]:
        return await verify(project, environment, names, client, unproven=True)

    return project.ask(environment, work)


def _applied(step: Step, part: Part, result: Applied, runs: Sequence[RunOutcome]) -> Outcome:
    plan, written = result.plan, result.written
    well = result.complete and all(run.well for run in runs)
    code = 0 if well else INTERRUPTED if written.interrupted else 1

    def section(limit: int) -> str:
        return plan_section(plan, part, limit, written=written, runs=runs)

    return Outcome(
        step,
        section,
        code=code,
        quiet=not plan.writes and not plan.findings and not runs,
        plan=plan,
        findings=plan.findings,
        written=tuple(change.deployment for change in written.done),
        data={
            "failed": {change.deployment: why for change, why in written.failed},
            "left": [change.deployment for change in written.left],
            "runs": {run.deployment: run.state for run in runs},
        },
        state="success" if well else "failure",
    )
