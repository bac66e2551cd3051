"""What a deployment says of itself: names, concurrency, pull steps, its code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from flowlift.errors import Position
from flowlift.plan.checks.report import Report
from flowlift.plan.desired import Resolution
from flowlift.plan.fields import KnownAfterBuild
from flowlift.plan.model import Declared, Desired, Flow

REFUSED_IN_NAMES = frozenset("/%&<>")
"""Characters that Prefect refuses in names, with a 422 or a 500 (`prefect.types.names`)."""

STRATEGIES = ("ENQUEUE", "CANCEL_NEW")


def check_duplicates(desired: Iterable[Desired], report: Report) -> None:
    """The same flow and name twice: the second would silently replace the first."""
    first: dict[str, Position] = {}
    for item in desired:
        at = item.declared.position("name")
        if item.key in first:
            report.add(
                "duplicate-name",
                f"{item.key!r} is declared twice, first at {first[item.key]}.",
                remedy="Give one of them another name: the later would replace the earlier.",
                at=at,
                declared=item.declared,
                deployment=item.key,
            )
        first.setdefault(item.key, at)


def check_values(resolution: Resolution, report: Report) -> None:
    """Values that cannot be registered, and a concurrency limit that limits nothing."""
    desired = resolution.desired
    declared = desired.declared
    for problem in resolution.problems:
        report.add(
            problem.check,
            f"{problem.message[0].upper()}{problem.message[1:]}.",
            remedy="Correct the value; `prefect deploy` would fail or register something else.",
            at=declared.position(*problem.path),
            declared=declared,
            deployment=desired.key,
        )
    _check_name(desired, report)
    _check_concurrency(desired, report)
    _check_pull(resolution, report)


def _check_name(desired: Desired, report: Report) -> None:
    refused = sorted(set(desired.name) & REFUSED_IN_NAMES)
    if refused:
        report.add(
            "invalid-name",
            f"The name {desired.name!r} holds {' '.join(refused)}, which no Prefect server takes.",
            remedy="Take it out: names may not hold " + " ".join(sorted(REFUSED_IN_NAMES)) + ".",
            at=desired.declared.position("name"),
            declared=desired.declared,
            deployment=desired.key,
        )


def _check_concurrency(desired: Desired, report: Report) -> None:
    declared, limit = desired.declared, desired.body.get("concurrency_limit")
    options = desired.body.get("concurrency_options") or {}
    at = declared.position("concurrency_limit")

    def add(message: str, remedy: str) -> None:
        report.add(
            "concurrency", message, remedy=remedy, at=at, declared=declared, deployment=desired.key
        )

    given = declared.data.get("concurrency_limit")
    if isinstance(given, Mapping) and given and limit is None:
        add(
            "`concurrency_limit` has options but no `limit`, so nothing is limited.",
            "Add `limit: N`.",
        )
    if isinstance(limit, KnownAfterBuild):
        return
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
        add(f"A concurrency limit is a whole number from 1, not {limit!r}.", "Write one.")
    strategy = options.get("collision_strategy")
    if strategy is not None and strategy not in STRATEGIES:
        add(f"{strategy!r} is no collision strategy.", f"Write {' or '.join(STRATEGIES)}.")


def _check_pull(resolution: Resolution, report: Report) -> None:
    desired, declared = resolution.desired, resolution.desired.declared
    checkout = resolution.checkout
    if checkout is None:
        if not desired.body.get("pull_steps"):
            report.add(
                "no-pull-step",
                "No pull step says where the worker finds the code: Prefect would store the folder"
                " of the machine that deploys.",
                remedy="Add a `pull` section with git_clone, or `pull: []` where the image has"
                " the code.",
                declared=declared,
                deployment=desired.key,
            )
        return
    for index in checkout.unstable:
        report.add(
            "clone-directory",
            "The clone's folder is named after the branch, as the workspace's Prefect is older"
            " than 3.6.9 and cannot be told its name.",
            remedy='Refer to it as "{{ STEP-ID.directory }}" in later steps, or update Prefect.',
            at=declared.position("pull", index),
            declared=declared,
            deployment=desired.key,
        )
    for index in checkout.foreign:
        report.add(
            "foreign-clone",
            "This step clones another repository, so it keeps its own branch.",
            remedy="Nothing to do where that is meant.",
            at=declared.position("pull", index),
            declared=declared,
            deployment=desired.key,
        )


def check_flow(declared: Declared, flow: Flow, report: Report) -> None:
    """What could not be read of the flow's signature."""
    if flow.unread:
        report.add(
            "unread-signature",
            f"The signature of flow {flow.name!r} is not wholly known: {'; '.join(flow.unread)}.",
            remedy="Install the flow's packages where flowlift runs, or set `python` in"
            " [tool.flowlift].",
            at=flow.at,
            declared=declared,
        )


def check_patterns(patterns: Sequence[str], unmatched: Sequence[str], report: Report) -> None:
    """A `-n` pattern that names nothing, which `prefect deploy` answers with success."""
    for pattern in unmatched:
        report.add(
            "no-match",
            f"No deployment is called {pattern!r}.",
            remedy="Name it as `flow/deployment` or `deployment`; * and ? match anything."
            if len(patterns) == 1
            else "Correct or drop this -n.",
        )
