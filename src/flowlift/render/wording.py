"""The sentences that every rendering of a plan shares."""

from __future__ import annotations

import re
from collections.abc import Iterable

from flowlift.findings import Action, Finding, Level
from flowlift.plan.model import Plan, Provenance
from flowlift.render.visible import cut, visible
from flowlift.words import listed, plural

_NAME_ROOM = 200
_MOST_FILES = 3
_CREDENTIALS = re.compile(r"(?<=://)[^/\s]*@")


def name(text: str) -> str:
    """A name as it is shown; one that is longer than any real one is cut."""
    return cut(visible(text), _NAME_ROOM)


def place(file: str, line: int) -> str:
    """`prefect.yaml:12`, "" where no file is known."""
    return visible(f"{file}:{line}" if file and line else file)


def code(provenance: Provenance) -> str:
    """Which code a plan is for: `feat/rows@1a2b3c4`."""
    commit = provenance.commit[:7]
    return name(f"{provenance.branch}@{commit}" if provenance.branch else commit)


def address(plan: Plan) -> str:
    """The workspace's address, never with a login in it."""
    return visible(_CREDENTIALS.sub("", plan.workspace))


def summary(plan: Plan) -> str:
    """The line that a plan ends with."""
    if not plan.writes and not plan.errors:
        return _nothing_to_do(plan)
    counts = ", ".join(
        f"{plan.count(action):,} to {action.value}"
        for action in (Action.CREATE, Action.UPDATE, Action.DELETE)
    )
    aside = f" ({plan.out_of_scope:,} out of scope)" if plan.out_of_scope else ""
    return f"Plan: {counts}, {plan.count(Action.NONE):,} unchanged{aside}."


def follows(plan: Plan) -> str:
    """That code runs before any apply, "" where it does not."""
    if not plan.follows:
        return ""
    branch = name(plan.follows)
    return f'Its code follows {branch}: what is merged runs at once. Pin it: pin = "closure".'


def moved_code(plan: Plan) -> str:
    """How many deployments run other code than before, and which files are the cause; or ""."""
    moved = [
        change
        for change in plan.changes
        if change.live and any(field.field.endswith(".commit_sha") for field in change.fields)
    ]
    files = {
        reason.detail.partition(" -> ")[0].partition(": ")[0]: None
        for change in moved
        for reason in change.reasons
        if reason.kind in {"source", "could not tell"} and reason.detail
    }
    if not files:
        return ""
    runs = "runs" if len(moved) == 1 else "run"
    return (
        f"{plural(len(moved), 'deployment')} {runs} other code because of"
        f" {listed([name(file) for file in files], _MOST_FILES)}."
    )


def _nothing_to_do(plan: Plan) -> str:
    held = len(plan.changes)
    who = visible(plan.environment)
    if not held and plan.out_of_scope:
        of = plural(plan.out_of_scope, "deployment")
        return f"No changes. None of {of} is in scope."
    what = plan.provenance.branch or plan.provenance.commit[:7]
    aside = f" in scope, {plan.out_of_scope:,} out of it" if plan.out_of_scope else ""
    return (
        f"No changes. {who} holds what {name(what)} declares ({plural(held, 'deployment')}{aside})."
    )


def verdict(plan: Plan) -> str:
    """What the findings mean for the plan; "" where there are none."""
    errors = len(plan.errors)
    warnings = len(plan.findings) - errors
    parts = [plural(errors, "error")] if errors else []
    parts += [plural(warnings, "warning")] if warnings else []
    if not errors:
        return f"{parts[0]}." if parts else ""
    return f"{', '.join(parts)}: nothing is written until the errors are mended."


def by_weight(findings: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
    """The errors, and the warnings, each in their order."""
    weights: dict[Level, list[Finding]] = {Level.ERROR: [], Level.WARNING: []}
    for finding in findings:
        weights[finding.level].append(finding)
    return weights[Level.ERROR], weights[Level.WARNING]
