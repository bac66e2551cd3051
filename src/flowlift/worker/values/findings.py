"""The checks of a worker by name; docs/worker.md has a section for each.

A team sets their levels in `[tool.flowlift.checks]`, as those of docs/checks.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowlift.errors import Position
from flowlift.plan.model import Finding, Level

E, W = Level.ERROR, Level.WARNING

CHECKS: Mapping[str, Level] = {
    # The values file and the base job template in it
    "duplicate-key": E,
    "worker-values": E,
    "config-map": W,
    "template-json": E,
    "template-variable": E,
    "unused-variable": W,
    "template-schema": E,
    "template-job": E,
    "template-image": E,
    "secret-in-values": E,
    "secret-in-clear": W,
    # The image, the chart and the cluster
    "image-missing": E,
    "image-login": E,
    "image-unchecked": W,
    "chart-values": E,
    "pull-secret": E,
    # The pool and its deployments
    "missing-work-pool": E,
    "pool-type": E,
    "paused-work-pool": W,
    "job-variables": E,
    "undeclared-job-variable": W,
}
"""Every check of a worker and its default level."""


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
