"""Where `flowlift apply` may leave a workspace other than `prefect deploy --all` does.

This list is the whole of it: what stands nowhere here must be equal. Each entry names the field,
says when it may differ, and why that is right. An entry that no case needs is taken out.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from tests.parts.corpus import BRANCH
from tests.parts.differential import MISSING, THEN, Difference


@dataclass(frozen=True, slots=True)
class Accepted:
    """A difference that is as it should be.

    `field` is a pattern of `Difference.field`; `when` says in words what `holds` decides.
    """

    field: str
    when: str
    reason: str
    holds: Callable[[Difference], bool] = lambda difference: True

    def covers(self, difference: Difference) -> bool:
        """Whether `difference` is this one."""
        return fnmatch.fnmatchcase(difference.field, self.field) and self.holds(difference)


def _anchored_just_now(difference: Difference) -> bool:
    """Whether Prefect's anchor date is the time of its deploy, so that the manifest gives none."""
    if not isinstance(difference.prefect, str):
        return False
    anchor = datetime.fromisoformat(difference.prefect.replace("Z", "+00:00"))
    return abs(datetime.now(timezone.utc) - anchor) < timedelta(hours=2)


def _later(difference: Difference) -> bool:
    return difference.round == THEN


def _before_3_6(difference: Difference) -> bool:
    return tuple(map(int, difference.version.split(".")[:2])) < (3, 6)


ACCEPTED = (
    Accepted("*.id", "always", "Each server gives its own ids."),
    Accepted("*.created", "always", "A time of the server's clock."),
    Accepted("*.updated", "always", "A time of the server's clock."),
    Accepted(
        "deployments.global_concurrency_limit.name",
        "always",
        "The server names the limit by the deployment's id.",
    ),
    Accepted(
        "deployments.labels.flowlift.*",
        "only flowlift's side has it",
        "The stamp: who wrote the deployment, from which commit, and digests of what was applied.",
        lambda d: d.prefect is MISSING,
    ),
    Accepted(
        "deployments.labels.*",
        "the manifest gives it, and only flowlift's side has it",
        "The API keeps labels, but Prefect's reader of manifests does not know them.",
        lambda d: d.prefect is MISSING,
    ),
    Accepted(
        "deployments.tags",
        "a tag is given twice",
        "A tag says nothing the second time.",
        lambda d: list(dict.fromkeys(d.prefect)) == d.flowlift,
    ),
    Accepted(
        "deployments.pull_steps.*.git_clone.branch",
        "the manifest names another branch than the environment",
        'Policy: an environment with ref = "default" runs the default branch.',
        lambda d: d.prefect != BRANCH and d.flowlift == BRANCH,
    ),
    Accepted(
        "deployments.pull_steps.*.git_clone.clone_directory_name",
        "the branch was changed, and only flowlift's side has it",
        "The clone keeps the folder that later steps expect.",
        lambda d: d.prefect is MISSING,
    ),
    Accepted(
        "deployments.schedules.*.slug",
        "the manifest gives none",
        "With a slug an update keeps an operator's pause; without one the server switches it on.",
        lambda d: d.prefect is None and isinstance(d.flowlift, str),
    ),
    Accepted(
        "deployments.schedules.*.schedule.anchor_date",
        "the manifest gives none",
        "The time of the first registration: the two are seconds apart.",
        _anchored_just_now,
    ),
    Accepted(
        "deployments.description",
        "neither the manifest nor the flow gives one",
        "Prefect stores the word None, which describes nothing.",
        lambda d: d.prefect == "None" and d.flowlift in (None, ""),
    ),
    Accepted(
        "deployments.schedules*",
        "a second registration",
        "Prefect leaves schedules that the manifest no longer has; they would go on firing.",
        _later,
    ),
    Accepted(
        "deployments.enforce_parameter_schema",
        "a second registration that no longer says it",
        "Prefect leaves the old value; the manifest's meaning is the default.",
        lambda d: _later(d) and d.prefect is False and d.flowlift is True,
    ),
    Accepted(
        "deployments.schedules.*.schedule.day_or",
        "before Prefect 3.6",
        "Prefect 3.4 drops the manifest's day_or; its server keeps what flowlift sends.",
        lambda d: _before_3_6(d) and d.prefect is True and d.flowlift is False,
    ),
)


def accepted(difference: Difference) -> Accepted | None:
    """The entry that covers `difference`, None where nothing does."""
    return next((entry for entry in ACCEPTED if entry.covers(difference)), None)
