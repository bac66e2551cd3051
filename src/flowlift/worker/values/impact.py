"""What a new base job template means for the deployments of its pool.

Prefect tells nobody: a job variable that the template no longer declares is dropped without a word,
and one that no longer fits refuses each new run (422), while runs scheduled before still start.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace

from flowlift.errors import Position
from flowlift.findings import Finding, Json, Level, finding
from flowlift.worker.values.rules import Refusal, refusals
from flowlift.worker.values.template import declared
from flowlift.workspace.pools import PoolDeployment

_ALWAYS_TAKEN = "env"


def find_impact(
    live: Mapping[str, Json] | None,
    desired: Mapping[str, Json],
    deployments: Iterable[PoolDeployment],
    at: Position,
) -> list[Finding]:
    """What changes for each deployment when `live` becomes `desired`; `at` is where that stands.

    What the live template refuses already is a warning: the new one makes it no worse.
    """
    found: list[Finding] = []
    for deployment in sorted(deployments, key=lambda item: item.name):
        if any(one.deployment == "" for one in found):
            break  # no run of any deployment could be created
        before = {
            (refusal.kind, refusal.variable)
            for refusal in refusals(live or {}, deployment.job_variables)
        }
        found += _dropped(live or {}, desired, deployment, at)
        for refusal in refusals(desired, deployment.job_variables):
            known = (refusal.kind, refusal.variable) in before
            found.append(_refused(refusal, deployment, at, known=known))
    return found


def _dropped(
    live: Mapping[str, Json],
    desired: Mapping[str, Json],
    deployment: PoolDeployment,
    at: Position,
) -> list[Finding]:
    was, known = declared(live), declared(desired)
    gone = [
        name
        for name in deployment.variables
        if name in was and name not in known and name != _ALWAYS_TAKEN
    ]
    return [
        finding(
            "undeclared-job-variable",
            f"{deployment.name} sets the job variable `{name}`, which the new base job template"
            " does not declare: it would be dropped without a word" + _meant(name, known),
            "Keep it in the template's variables, or take it out of the deployment.",
            at,
            deployment=deployment.name,
        )
        for name in gone
    ]


def _refused(refusal: Refusal, deployment: PoolDeployment, at: Position, *, known: bool) -> Finding:
    if refusal.kind == "schema":
        said = (
            f"No run of any deployment would be created: the template is broken: {refusal.reason}."
        )
        remedy = "Correct the variables of the base job template."
        return finding("job-variables", said, remedy, at)
    if refusal.kind == "required":
        said = (
            f"Each new run of {deployment.name} would be refused: the base job template requires"
            f" the job variable `{refusal.variable}`, and {refusal.reason}."
        )
        remedy = (
            "Give it a default, or set it in the deployment (`work_pool.job_variables`) before"
            " the template changes."
        )
    else:
        said = (
            f"Each new run of {deployment.name} would be refused: its job variable"
            f" `{refusal.variable}` is {refusal.reason}."
            if refusal.variable in deployment.variables
            else f"Each new run of {deployment.name} would be refused:"
            f" `{refusal.variable or 'its job variables'}`: {refusal.reason}."
        )
        remedy = "Keep the type in the template, or correct the deployment first."
    made = finding("job-variables", said, remedy, at, deployment=deployment.name)
    if not known:
        return made
    already = made.message.replace("would be refused", "is refused already")
    return replace(made, level=Level.WARNING, message=already)


def _meant(name: str, known: Mapping[str, Json]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" (is `{near[0]}` meant?)." if near else "."
