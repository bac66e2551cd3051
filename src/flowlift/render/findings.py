"""The findings of `flowlift check`, as a linter shows them."""

from __future__ import annotations

from collections.abc import Sequence

from flowlift.findings import Finding, Level
from flowlift.render.screen import Ink
from flowlift.render.terminal import TerminalPage
from flowlift.words import plural


def render_findings(findings: Sequence[Finding], *, checked: int, colour: bool, width: int) -> str:
    """Each finding with its place and remedy, then the count."""
    ink = Ink(colour)
    lines = TerminalPage(ink, width).findings(findings)
    errors = sum(finding.level is Level.ERROR for finding in findings)
    warnings = len(findings) - errors
    checked_words = plural(checked, "deployment")
    if not findings:
        lines.append(ink.green(f"{checked_words} checked: nothing is wrong."))
    else:
        counts = f"{plural(errors, 'error')}, {plural(warnings, 'warning')}"
        tint = ink.red if errors else ink.yellow
        lines += ["", tint(f"{checked_words} checked: {counts}.")]
    return "\n".join(lines) + "\n"
