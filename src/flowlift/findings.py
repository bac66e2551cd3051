"""The words that everybody uses for what is found and what changes, and the table of checks.

They are plain dataclasses: whoever looks at a finding need not load what a plan's JSON is made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from flowlift.errors import Position

Json = Any
"""A JSON value. Python's type system has no useful name for it."""


def value_at(value: Json, *path: str) -> Json:
    """What stands at `path` within mappings, None where nothing does."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


class Level(str, Enum):
    """How a finding is taken: an error stops every write, a warning is shown."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong or doubtful, found before any write.

    `check` is the check's name as in docs/checks.md, and what `[tool.flowlift.checks]` sets.
    """

    check: str
    level: Level
    message: str
    remedy: str = ""
    file: str = ""
    line: int = 0
    deployment: str = ""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that a change writes. Values are masked where they are secret."""

    field: str
    before: Json = None
    after: Json = None
    reason: str = ""


class Action(str, Enum):
    """What is done to one deployment."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    NONE = "none"


E, W = Level.ERROR, Level.WARNING

CHECKS: Mapping[str, Level] = {
    # What Prefect refuses, or reads otherwise than it is meant
    "wrong-type": E,
    "unknown-key": W,
    "duplicate-key": E,
    "no-name": E,
    "duplicate-name": E,
    "empty-schedules": W,
    "empty-value": W,
    "invalid-name": E,
    "schedule": E,
    "never-fires": E,
    "cron-seconds": W,
    "rrule-count": W,
    "timezone": E,
    "concurrency": E,
    "grace-period": W,
    "tags": E,
    "trigger": E,
    "sla": W,
    "step": E,
    "doubtful-step": W,
    "ambiguous-root": W,
    "templated-value": W,
    # The flow's code
    "no-entrypoint": E,
    "missing-file": E,
    "missing-function": E,
    "not-a-flow": E,
    "syntax-error": E,
    "unread-signature": W,
    "unknown-parameter": E,
    "missing-parameter": E,
    "wrong-parameter": E,
    # Templates
    "missing-block": E,
    "missing-variable": E,
    "unset-env": E,
    "undefined-word": E,
    "secret-in-clear": W,
    "secret-in-manifest": E,
    "machine-path": W,
    "no-pull-step": E,
    "clone-directory": W,
    "foreign-clone": W,
    # The workspace
    "no-work-pool": E,
    "missing-work-pool": E,
    "paused-work-pool": W,
    "agent-work-pool": E,
    "missing-queue": W,
    "job-variables": E,
    "undeclared-job-variable": W,
    "shared-limit": E,
    "slow-server": W,
    # Git, ownership and safety
    "branch-not-pushed": E,
    "unpushed-commits": W,
    "held-by-branch": E,
    "owned-elsewhere": E,
    "empty-manifest": E,
    "prune-guard": E,
    "schedules-stay-off": W,
    "no-match": E,
    # A worker: its values, the base job template in them, the image, the chart, the cluster
    "worker-values": E,
    "config-map": W,
    "template-json": E,
    "template-variable": E,
    "unused-variable": W,
    "template-schema": E,
    "template-job": E,
    "template-image": E,
    "secret-in-values": E,
    "image-missing": E,
    "image-login": E,
    "image-unchecked": W,
    "chart-values": E,
    "pull-secret": E,
    "pool-type": E,
}
"""Every check and its default level."""


def finding(
    check: str, message: str, remedy: str, at: Position | None = None, *, deployment: str = ""
) -> Finding:
    """What `check` has found, at its default level."""
    place = at or Position("")
    return Finding(
        check=check,
        level=CHECKS[check],
        message=message,
        remedy=remedy,
        file=place.file,
        line=place.line,
        deployment=deployment,
    )
