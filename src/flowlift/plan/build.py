"""The builder of a plan: what is done to each deployment in scope, and what forbids it.

Ownership and safety live here: whose branch an environment holds, what may be deleted, and how
much of it at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from flowlift.findings import Action
from flowlift.plan import stamps
from flowlift.plan.checks.report import Report
from flowlift.plan.diff import compare, create, delete
from flowlift.plan.model import Change, Desired, Kept, Live, Plan, Policy, Provenance, Reason
from flowlift.plan.renaming import create_renamed, renames


@dataclass(frozen=True, slots=True)
class InScope:
    """A desired deployment in scope, the policy that it was resolved with, and why it is here.

    The policy differs from the plan's own for a deployment that goes back to the default branch.
    """

    desired: Desired
    policy: Policy
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanInputs:
    """All that a plan is built from.

    `declared` are the keys (`flow/name`) of everything the manifests declare, in scope or not.
    `removed` maps the key of a deployment that the branch removes to its reason.
    `open_branches` are branches of the remote that are not merged: what they hold is theirs.
    `renamed` maps a new key to the old one.
    """

    policy: Policy
    provenance: Provenance
    tool_version: str
    scope: str
    wanted: Sequence[InScope]
    declared: frozenset[str]
    live: Mapping[str, Live]
    removed: Mapping[str, Reason] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    open_branches: frozenset[str] = frozenset()
    complete: bool = True
    """Whether `live` and `declared` are everything, so that what is missing may be deleted."""
    take_over: bool = False
    yield_to_branches: bool = False
    """Leave alone what another open branch holds, instead of refusing: what `sync` does."""
    allow_delete: int | None = None
    """How many deletions are allowed although they are many at once; None: not asked."""


def build(inputs: PlanInputs, report: Report) -> Plan:
    """The plan, with `report`'s findings and those that ownership and safety add."""
    inputs = _with_renames(inputs)
    changes: list[Change] = []
    for wanted in sorted(inputs.wanted, key=lambda item: item.desired.key):
        changes.append(_change(inputs, wanted, report))
    deletions = _deletions(inputs, report)
    _guard(inputs, deletions, report)
    changes += deletions
    return Plan(
        environment=inputs.policy.environment,
        scope=inputs.scope,
        provenance=inputs.provenance,
        changes=tuple(sorted(changes, key=lambda change: change.deployment)),
        findings=tuple(sorted(report.findings, key=_order)),
        out_of_scope=len(inputs.declared - {item.desired.key for item in inputs.wanted}),
    )


def _order(finding: object) -> tuple[str, ...]:
    level = getattr(finding, "level", None)
    return (
        str(level.value if level else ""),
        str(getattr(finding, "file", "")),
        f"{getattr(finding, 'line', 0):08}",
        str(getattr(finding, "check", "")),
    )


def _change(inputs: PlanInputs, wanted: InScope, report: Report) -> Change:
    desired = wanted.desired
    live = inputs.live.get(desired.key)
    old = inputs.live.get(inputs.renamed.get(desired.key, ""))
    if live is None and old is not None:
        change = create_renamed(desired, old, inputs.provenance, inputs.tool_version)
    elif live is None:
        change = create(desired, inputs.provenance, inputs.tool_version)
    else:
        if holder := _held_by_another(inputs, live):
            if inputs.yield_to_branches:
                return _left_alone(live, desired, holder)
            _refuse_held(live, holder, desired, report)
        elif not inputs.take_over:
            _refuse_foreign(inputs, live, desired, report)
        written = _written_from(inputs, wanted.policy)
        change = compare(desired, live, wanted.policy, written, inputs.tool_version)
    if change.action is Action.NONE:
        return change
    return change.model_copy(update={"reasons": _reasons(inputs, wanted, change)})


def _written_from(inputs: PlanInputs, policy: Policy) -> Provenance:
    """What is stamped; what goes back to the default branch is our branch's no longer."""
    if policy.branch == inputs.policy.branch:
        return inputs.provenance
    return inputs.provenance.model_copy(update={"branch": policy.branch, "pull_request": None})


def _with_renames(inputs: PlanInputs) -> PlanInputs:
    """The same, with what has another name now, which git's history tells of a branch alone."""
    if not (inputs.complete and inputs.policy.on_default_branch):
        return inputs
    new = [one.desired for one in inputs.wanted if one.desired.key not in inputs.live]
    removed = [
        live
        for key, live in inputs.live.items()
        if key not in inputs.declared and _is_owned(inputs, live)
    ]
    return replace(inputs, renamed={**renames(new, removed), **inputs.renamed})


def _reasons(inputs: PlanInputs, wanted: InScope, change: Change) -> tuple[Reason, ...]:
    """Why this change: what brought it into scope first, then what the comparison found."""
    found = list(change.reasons)
    if gone := _gone_branch(inputs, change.live):
        found = [Reason(kind="branch gone", detail=gone)]
    if old := inputs.renamed.get(change.deployment):
        found = [Reason(kind="renamed", detail=f"was {old}")]
    in_scope = [reason for reason in wanted.reasons if reason.kind != "new" or not found]
    said = {reason.kind for reason in in_scope}
    return (*in_scope, *(reason for reason in found if reason.kind not in said))


def _gone_branch(inputs: PlanInputs, live: Live | None) -> str | None:
    """The branch that a deployment still runs although it is merged or gone, None if none."""
    branch = stamps.branch(live) if live else None
    ours = {inputs.policy.default_branch, inputs.provenance.branch}
    return branch if branch and branch not in ours | inputs.open_branches else None


def _left_alone(live: Live, desired: Desired, branch: str) -> Change:
    """No change: the deployment is an open branch's until that is merged or gone."""
    return Change(
        action=Action.NONE,
        deployment=live.key,
        kept=(Kept(field="branch", live=branch, note=f"held by {_named_branch(live, branch)}"),),
        file=desired.declared.at.file,
        line=desired.declared.at.line,
        live=live,
    )


def _named_branch(live: Live, branch: str) -> str:
    pull_request = live.labels.get(stamps.PULL_REQUEST)
    return f"{branch!r}" + (f" (pull request #{pull_request})" if pull_request else "")


def _held_by_another(inputs: PlanInputs, live: Live) -> str | None:
    """The open branch, not the default one and not ours, that a deployment runs; None if none."""
    branch = stamps.branch(live)
    if (
        branch is None
        or branch in {inputs.policy.default_branch, inputs.provenance.branch, inputs.policy.branch}
        or not _is_owned(inputs, live)
        or branch not in inputs.open_branches
        or inputs.take_over
    ):
        return None
    return branch


def _is_owned(inputs: PlanInputs, live: Live) -> bool:
    return stamps.owner(live) == inputs.provenance.repository


def _refuse_held(live: Live, branch: str, desired: Desired, report: Report) -> None:
    report.add(
        "held-by-branch",
        f"{live.key!r} runs branch {_named_branch(live, branch)} here now.",
        remedy="Wait until that is merged or closed, or take it over with --take-over.",
        declared=desired.declared,
        deployment=live.key,
    )


def _refuse_foreign(inputs: PlanInputs, live: Live, desired: Desired, report: Report) -> None:
    owner = stamps.owner(live)
    if owner and owner != inputs.provenance.repository:
        report.add(
            "owned-elsewhere",
            f"{live.key!r} belongs to the repository {owner}.",
            remedy="Rename yours, or take it over with --take-over.",
            declared=desired.declared,
            deployment=live.key,
        )


def _deletions(inputs: PlanInputs, report: Report) -> list[Change]:
    """Owned deployments that are declared no longer; nothing else is ever deleted."""
    if not inputs.policy.prune:
        return []
    replaced = {old: new for new, old in inputs.renamed.items()}
    deletions = []
    for key, live in sorted(inputs.live.items()):
        if key in inputs.declared or not _is_owned(inputs, live):
            continue
        reason = inputs.removed.get(key)
        if reason is None:
            reason = _gone(inputs, live)
        if reason is None or _held_by_another(inputs, live):
            continue
        if key in replaced:
            reason = Reason(kind="renamed", detail=f"now {replaced[key]}")
        if live.shared_limit:
            _refuse_shared_limit(live, report)
        deletions.append(delete(live, reason))
    return deletions


def _refuse_shared_limit(live: Live, report: Report) -> None:
    report.add(
        "shared-limit",
        f"{live.key!r} is linked to the limit {live.shared_limit!r}: the server would delete that"
        " with it, for all that use it.",
        remedy=f"Unlink it first: PATCH /deployments/{live.id} with"
        ' {"global_concurrency_limit_id": null}.',
        deployment=live.key,
    )


def _gone(inputs: PlanInputs, live: Live) -> Reason | None:
    """Why an owned deployment that nobody declares may go; None where it may not be ours to say.

    On the default branch everything undeclared goes. A branch removes what it has brought itself:
    what it does not know may have come from another branch, or from a newer default branch.
    """
    branch = stamps.branch(live)
    if branch == inputs.provenance.branch and not inputs.policy.on_default_branch:
        return Reason(kind="removed", detail="no longer declared by this branch")
    if not (inputs.complete and inputs.policy.on_default_branch):
        return None
    if branch and branch != inputs.policy.default_branch:
        return Reason(kind="branch gone", detail=branch)
    return Reason(kind="removed")


def _guard(inputs: PlanInputs, deletions: Sequence[Change], report: Report) -> None:
    """Refuse to delete much at once. What has another name now is not lost."""
    renamed = set(inputs.renamed.values())
    deletions = [change for change in deletions if change.deployment not in renamed]
    if not deletions:
        return
    allowed = inputs.allow_delete
    if not inputs.declared and allowed is None:
        report.add(
            "empty-manifest",
            f"The manifests declare no deployment at all, which would delete {len(deletions)}.",
            remedy=f"Restore the manifest; if all are to go: --allow-delete {len(deletions)}.",
        )
        return
    # A narrow scope has read only a part of what is owned: what is declared counts as well.
    owned = max(
        sum(1 for item in inputs.live.values() if _is_owned(inputs, item)),
        len(inputs.declared) + len(deletions),
    )
    # A third of a small repository is none; one may go while others are left.
    limit = max(owned // 3, 1) if allowed is None else allowed
    if len(deletions) > limit:
        report.add(
            "prune-guard",
            f"{len(deletions)} of {owned} owned deployments would be deleted"
            + (", more than a third." if allowed is None else f", {allowed} are allowed."),
            remedy=f"If that is meant: --allow-delete {len(deletions)}.",
        )
