"""The report that gathers what the checks find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from flowlift.errors import Position
from flowlift.findings import CHECKS, Finding, Level
from flowlift.plan.model import Declared

ALWAYS = frozenset(
    {"no-name", "no-entrypoint", "missing-file", "missing-function", "not-a-flow", "shared-limit"}
)
"""Checks that are never silenced: without them a deployment could not be registered at all, or
something of others would be changed.
"""


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
                self.findings.append(replace(finding, level=Level(wanted)))


def _silenced(check: str, at: Position, declared: Declared) -> bool:
    return check in declared.ignored.get(at.line, frozenset())
