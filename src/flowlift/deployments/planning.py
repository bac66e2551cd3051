"""From what was read to a plan: desired, checked, compared. Nothing is read or written here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flowlift import __version__
from flowlift.deployments.declared import report_unreadable
from flowlift.deployments.pinning import pin_code
from flowlift.deployments.reading import Outputs, Reading, resolve_all
from flowlift.deployments.scope import Scoped
from flowlift.plan import stamps
from flowlift.plan.build import InScope, PlanInputs, build
from flowlift.plan.checks.deployments import check_duplicates, check_flow, check_values
from flowlift.plan.checks.parameters import check_parameters
from flowlift.plan.checks.report import Report
from flowlift.plan.checks.schedules import check_schedules
from flowlift.plan.checks.shape import check_entry
from flowlift.plan.checks.steps import check_steps
from flowlift.plan.checks.templates import check_templates
from flowlift.plan.checks.workspace import check_limits, check_pools
from flowlift.plan.desired import Resolution
from flowlift.plan.model import Plan, Policy, Reason
from flowlift.plan.templates import TemplateValues
from flowlift.project.project import Project
from flowlift.repo.entrypoint import Unreadable
from flowlift.words import listed

SHOWN = 5
"""How many deployments a message names before it counts the rest."""


def decide(project: Project, reading: Reading, outputs: Outputs | None = None) -> Plan:
    """The plan that follows from what was read.

    `outputs` are those of build and push steps that have run since: what was "known after build"
    is known with them.
    """
    policy, scoped, options = reading.policy, reading.scoped, reading.options
    resolutions = reading.resolutions
    if outputs:
        resolutions = resolve_all(scoped, reading.values, policy, outputs)
    resolutions, moved = pin_code(project, reading, resolutions)
    report = Report(project.settings.checks, list(reading.findings))
    check_entries(scoped, resolutions, reading.values, report)
    desired = [resolution.desired for resolution in resolutions.values()]
    check_pools(desired, reading.inventory.pools, reading.inventory.pool_names, report)
    check_limits(desired, reading.live, report)
    if reading.slow:
        report.add("slow-server", reading.slow, remedy="See docs/checks.md#slow-server.")
    _check_git(project, reading, report)
    _check_schedules_policy(project, policy, resolutions, report)
    wanted = [
        InScope(resolution.desired, policy, scoped.reasons[index] or moved.get(index, ()))
        for index, resolution in resolutions.items()
    ]
    known = scoped.keys | {item.desired.key for item in wanted}
    plan = build(
        PlanInputs(
            policy=policy,
            provenance=project.provenance(policy),
            tool_version=__version__,
            scope=scoped.kind,
            wanted=[*wanted, *_no_longer_changed(project, reading)],
            declared=known,
            live=reading.live,
            removed=scoped.removed,
            renamed=scoped.renamed,
            open_branches=_open_branches(project, reading),
            complete=scoped.complete,
            take_over=options.take_over,
            yield_to_branches=reading.returning,
            allow_delete=options.allow_delete,
        ),
        report,
    )
    follows = any(one.code == f"branch {policy.branch}" for one in desired)
    return plan.model_copy(
        update={
            "workspace": reading.address,
            "follows": policy.branch if follows and policy.on_default_branch else "",
        }
    )


def check_entries(
    scoped: Scoped, resolutions: Mapping[int, Resolution], values: TemplateValues, report: Report
) -> None:
    """Everything about the entries in scope that can be told without the workspace's pools."""
    for index in scoped.reasons:
        declared, flow = scoped.declared[index], scoped.flows[index]
        check_entry(declared, report)
        check_steps(declared, report)
        if isinstance(flow, Unreadable):
            report_unreadable(declared, flow, report)
        elif index in resolutions:
            resolution = resolutions[index]
            check_flow(declared, flow, report)
            check_values(resolution, report)
            check_schedules(resolution.desired, report)
            check_templates(resolution, values, report)
            check_parameters(resolution.desired, flow, report)
    check_duplicates([resolution.desired for resolution in resolutions.values()], report)


def _no_longer_changed(project: Project, reading: Reading) -> list[InScope]:
    """What the branch runs here although it no longer changes it: back to the default branch."""
    scoped, policy = reading.scoped, reading.policy
    if scoped.kind != "changed" or policy.on_default_branch:
        return []
    ref = project.repository.default_ref(policy.default_branch)
    commit = project.repository.resolve(ref) or ""
    default = replace(policy, branch=policy.default_branch, commit=commit)
    back = {}
    for index, _ in enumerate(scoped.declared):
        live = reading.live.get(scoped.key(index) or "")
        if index in scoped.reasons or live is None or stamps.owner(live) != project.name:
            continue
        if stamps.branch(live) == policy.branch:
            back[index] = (Reason(kind="policy", detail="no longer changed by this branch"),)
    return [
        InScope(resolution.desired, default, back[index])
        for index, resolution in resolve_all(
            replace(scoped, reasons=back, sources=()), reading.values, default
        ).items()
    ]


def _open_branches(project: Project, reading: Reading) -> frozenset[str]:
    """Branches of the remote whose work is neither merged nor said to be gone."""
    default = project.repository.default_ref(project.default_branch)
    return frozenset(
        name
        for name, commit in reading.heads.items()
        if name != project.default_branch
        and name not in reading.options.gone
        and not project.repository.is_ancestor(commit, default)
    )


def _check_git(project: Project, reading: Reading, report: Report) -> None:
    """Whether what the environment will run is what was read here."""
    policy = reading.policy
    if policy.on_default_branch or not project.remote_url:
        return
    head = reading.heads.get(policy.branch)
    if head is None:
        report.add(
            "branch-not-pushed",
            f"The remote has no branch {policy.branch!r}, so workers could not clone it.",
            remedy=f"Push it: git push -u origin {policy.branch}",
        )
    elif head != project.commit or project.repository.is_dirty():
        report.add(
            "unpushed-commits",
            f"What is here is not what the remote has on {policy.branch!r} ({head[:8]}): workers"
            " will run the remote's code.",
            remedy="Commit and push, or pull.",
        )


def _check_schedules_policy(
    project: Project,
    policy: Policy,
    resolutions: Mapping[int, Resolution],
    report: Report,
) -> None:
    """Without a configuration schedules are as declared: say which stay off, and the remedy."""
    if project.configured or policy.schedules != "declared":
        return
    off = [
        resolution.desired
        for resolution in resolutions.values()
        if resolution.desired.schedule_pauses
    ]
    if off:
        names = listed([desired.key for desired in off], SHOWN)
        first = off[0]
        path = first.schedules[min(first.schedule_pauses)].path
        report.add(
            "schedules-stay-off",
            f"Schedules with `active: false` stay off in {policy.environment}: {names}.",
            remedy=f'To switch all on there: schedules = "on" under'
            f" [tool.flowlift.env.{policy.environment}].",
            at=first.declared.position(*path, "active"),
        )
