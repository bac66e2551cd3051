"""Findings where the forge shows them: at their line.

Sources: GitHub's "Workflow commands" (the escapes are those of actions/toolkit), GitLab's "Code
Quality" report format.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from flowlift.delivery.outcome import Outcome
from flowlift.findings import Finding, Level
from flowlift.project.outputs import CODE_QUALITY

MOST = 50
"""GitHub shows ten errors and ten warnings of a step; the rest is in the summary."""


def workflow_command(finding: Finding) -> str:
    """The line by which a job annotates a finding: `::error file=...,line=...,title=...::...`."""
    properties = {"file": finding.file, "line": str(finding.line) if finding.line else ""}
    properties["title"] = f"flowlift {finding.check}"
    listed = ",".join(f"{k}={_property(v)}" for k, v in properties.items() if v)
    kind = "error" if finding.level is Level.ERROR else "warning"
    text = f"{finding.message}\n{finding.remedy}" if finding.remedy else finding.message
    return f"::{kind} {listed}::{_data(text)}"


def annotate(outcomes: Sequence[Outcome]) -> list[str]:
    """The lines for all findings, each once; the errors first."""
    findings = list(dict.fromkeys(f for outcome in outcomes for f in outcome.findings))
    findings.sort(key=lambda finding: finding.level is not Level.ERROR)
    return [workflow_command(finding) for finding in findings[:MOST]]


def write_code_quality(environ: Mapping[str, str], outcomes: Sequence[Outcome]) -> None:
    """Write GitLab's report of findings; elsewhere nothing."""
    folder = environ.get("CI_PROJECT_DIR")
    if environ.get("GITLAB_CI") != "true" or not folder:
        return
    findings = dict.fromkeys(f for outcome in outcomes for f in outcome.findings)
    report = [_quality(finding) for finding in findings]
    (Path(folder) / CODE_QUALITY).write_text(json.dumps(report, indent=2), encoding="utf-8")


def _quality(finding: Finding) -> dict[str, object]:
    identity = f"{finding.check}\0{finding.file}\0{finding.deployment}\0{finding.message}"
    return {
        "description": f"{finding.message} {finding.remedy}".strip(),
        "check_name": finding.check,
        "fingerprint": hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest(),
        "severity": "major" if finding.level is Level.ERROR else "minor",
        # The report has no place for a finding without a file.
        "location": {"path": finding.file or ".", "lines": {"begin": max(1, finding.line)}},
    }


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
