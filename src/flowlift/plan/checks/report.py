"""The checks by name, and the report that gathers what they find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flowlift.errors import Position
from flowlift.plan.model import Declared, Finding, Level

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
}
"""Every check and its default level."""

ALWAYS = frozenset({"no-name", "no-entrypoint", "missing-file", "missing-function", "not-a-flow"})
"""Checks without which a deployment cannot be registered at all: they are never silenced."""


@dataclass(slots=True)
class Report:
    """Gathers findings at the levels that a team has set.

    `levels` maps a check's name to "error", "warning" or "off".
    """

    levels: Mapping[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(
        self,
        check: str,
        message: str,
        *,
        remedy: str = "",
        at: Position | None = None,
        declared: Declared | None = None,
        deployment: str = "",
    ) -> None:
        """Add a finding, unless its check is off or silenced on its line."""
        level = CHECKS[check]
        if check not in ALWAYS:
            wanted = self.levels.get(check, level.value)
            if wanted == "off" or (declared and at and _silenced(check, at, declared)):
                return
            level = Level(wanted)
        place = at or (declared.at if declared else Position(""))
        self.findings.append(
            Finding(
                check=check,
                level=level,
                message=message,
                remedy=remedy,
                file=place.file,
                line=place.line,
                deployment=deployment or (declared.name if declared else ""),
            )
        )

    def adopt(self, *findings: Finding) -> None:
        """Add findings that were made elsewhere, at the levels that the team has set."""
        for finding in findings:
            wanted = self.levels.get(finding.check, finding.level.value)
            if wanted != "off":
                self.findings.append(finding.model_copy(update={"level": Level(wanted)}))


def _silenced(check: str, at: Position, declared: Declared) -> bool:
    return check in declared.ignored.get(at.line, frozenset())
