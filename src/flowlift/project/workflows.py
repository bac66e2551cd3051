"""The whole policy of flowlift on one screen: which workflow does what, where, in which order.

`deliver` looks up here what an event asks for, `ci write` what its jobs are for, and a test holds
docs/what-happens-when.md to it. What is done follows from the stage that a change has come to;
whether it is done at all, from what the change has touched (`delivery.deciding`).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from flowlift.config import Ref

Workflow = Literal["image", "worker", "deployments"]

WORKFLOWS: tuple[Workflow, ...] = get_args(Workflow)
"""In the order in which they are done: a deployment never names what is not there yet."""

Verb = Literal["check", "build", "release", "update", "plan", "apply", "sync"]

WRITING: frozenset[Verb] = frozenset({"release", "update", "apply", "sync"})
"""After these an environment, or the releases that all of them share, are no longer as before."""

BUILDING: frozenset[Verb] = frozenset({"build", "release"})
"""After these there is an image, which the workers and pools that come later start with."""

DEV: Ref = "branch"
"""Every environment that runs a pull request's branch."""
PROD: Ref = "default"
"""Every environment that runs the default branch."""

Unless = Literal["", "queued", "elsewhere"]
QUEUED: Unless = "queued"
"""A merge queue or train tries it, on a branch of its own: DEV has the pull request's."""
ELSEWHERE: Unless = "elsewhere"
"""It is to be merged into another branch than the default one, which changes nothing in PROD."""


class Stage(str, Enum):
    """How far a change has come, and so what is done with it."""

    PROPOSED = "proposed"
    """A pull request is open: DEV gets it, and what PROD would get is shown."""
    SHOWN = "shown"
    """A draft, or a merge queue's trial: all is planned, and nothing written. The CI starts the
    same jobs for it as for what is proposed; `deliver` tells them apart."""
    OFFLINE = "offline"
    """A fork's pull request, which has no secrets: only what the repository itself tells."""
    MERGED = "merged"
    """On the default branch: PROD gets it, and DEV goes back to the default branch."""
    GONE = "gone"
    """A branch that is closed or deleted: DEV goes back to the default branch."""
    NOTHING = "nothing"
    """Nothing of flowlift's."""


class Rule(NamedTuple):
    """A verb, and the environments that it is for; `where` is "" for what all of them share."""

    verb: Verb
    where: Literal[Ref, ""] = ""
    unless: Unless = ""


class Row(NamedTuple):
    """What a workflow does at a stage: `rules` in their order, and `why`, or why nothing."""

    why: str
    rules: tuple[Rule, ...] = ()


_NOTHING_WRITTEN = Row("nothing is written at this stage")

TABLE: Mapping[Stage, Mapping[Workflow, Row]] = {
    Stage.PROPOSED: {
        "image": Row("version checked, image built, every flow imported in it", (Rule("build"),)),
        "worker": Row("tried in DEV before anybody merges it", (Rule("update", DEV),)),
        "deployments": Row(
            "DEV gets the branch, unscheduled; what PROD will get is shown",
            (Rule("apply", DEV), Rule("plan", PROD, unless=ELSEWHERE)),
        ),
    },
    Stage.SHOWN: {
        "image": Row("version checked, nothing built", (Rule("check"),)),
        "worker": _NOTHING_WRITTEN,
        "deployments": Row(
            "nothing is written",
            (Rule("plan", DEV, unless=QUEUED), Rule("plan", PROD, unless=ELSEWHERE)),
        ),
    },
    Stage.OFFLINE: {
        "image": Row("version checked, nothing built", (Rule("check"),)),
        "worker": _NOTHING_WRITTEN,
        "deployments": Row("without secrets, of what the repository tells", (Rule("check"),)),
    },
    Stage.MERGED: {
        "image": Row("tagged once, the tested image promoted", (Rule("release"),)),
        "worker": Row(
            "DEV before PROD, which gets nothing that failed in DEV",
            (Rule("update", DEV), Rule("update", PROD)),
        ),
        "deployments": Row(
            "PROD first: it does not wait until DEV is back on the default branch",
            (Rule("apply", PROD), Rule("sync", DEV)),
        ),
    },
    Stage.GONE: {
        "image": Row("a branch that is gone changes no image"),
        "worker": _NOTHING_WRITTEN,
        "deployments": Row(
            "what runs the branch goes back to the default branch", (Rule("sync", DEV),)
        ),
    },
}


def writes(workflow: Workflow, ref: Ref) -> tuple[Stage, ...]:
    """The stages at which a workflow writes to the environments of `ref`."""
    return tuple(
        stage
        for stage, rows in TABLE.items()
        if any(rule.where == ref and rule.verb in WRITING for rule in rows[workflow].rules)
    )
