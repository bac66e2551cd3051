"""What the steps of a delivery came to, as sections of a comment or a summary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from flowlift.deployments.verifying import RunOutcome
from flowlift.findings import Action, Finding, Level
from flowlift.plan.model import Change, Plan
from flowlift.plan.stamps import branch_after
from flowlift.render.markdown import render_section
from flowlift.render.markup import code, prose
from flowlift.render.outcome import counted
from flowlift.render.visible import cut, visible
from flowlift.render.wording import follows, moved_code, name, place, summary
from flowlift.words import duration, listed, plural
from flowlift.workspace.write import Written

_MOST_RUNS = 50
_MOST_STEPS = 10
_MOST_NAMES = 30
_TEXT_ROOM = 600

Part = Literal["proposed", "planned", "returned", "released"]
"""What a plan was made for: to be applied to DEV, only to be shown, to go back, to reach PROD."""


def plan_section(
    plan: Plan,
    part: Part,
    limit: int,
    *,
    written: Written | None = None,
    runs: Sequence[RunOutcome] = (),
) -> str:
    """An environment's section: what it holds now or will hold, how its runs ended, the changes.

    `written` is None where nothing was to be written: the plan is only shown, or has errors.
    """
    done, failed, left = (written.done, written.failed, written.left) if written else ((), (), ())
    if failed or left:
        every = len(done) + len(failed) + len(left)
        lead = f"**Stopped: {len(done):,} of {plural(every, 'change')} written.**"
    elif done:
        unchanged = f"{plan.count(Action.NONE):,} unchanged"
        lead = f"**{_lead(plan, part)}** {counted(done)}, {unchanged}."
    elif part == "planned" and plan.writes:
        lead = f"**After the merge:** {prose(summary(plan))}"
    else:
        lead = f"**{prose(summary(plan))}**"
    notes = prose("  ".join(filter(None, (moved_code(plan), follows(plan)))))
    after = [_held(plan, part, nothing=not done), notes, _steps(failed, left), _runs(runs)]
    return render_section(
        plan, limit=limit, lead=lead, after="\n\n".join(part for part in after if part)
    )


def _lead(plan: Plan, part: Part) -> str:
    branch = code(name(plan.provenance.branch))
    return {
        "proposed": f"Runs {branch} now:",
        "planned": "After the merge:",
        "returned": f"Back on {branch}:",
        "released": f"Runs {branch} now:",
    }[part]


def _held(plan: Plan, part: Part, *, nothing: bool) -> str:
    """What runs a pull request's branch, also where the last commit has changed nothing of it."""
    if part != "proposed" or plan.errors:
        return ""
    branch = plan.provenance.branch
    held = [
        code(name(change.deployment)) for change in plan.changes if branch_after(change) == branch
    ]
    if not held:
        return ""
    again = " as before" if nothing else ""
    return f"From this branch{again}: {listed(held, _MOST_NAMES)}."


def _steps(failed: Sequence[tuple[Change, str]], left: Sequence[Change]) -> str:
    lines = [
        f"- could not {change.action.value} {code(name(change.deployment))}: "
        + prose(cut(visible(why), _TEXT_ROOM))
        for change, why in failed[:_MOST_STEPS]
    ]
    if more := len(failed) - len(lines):
        lines.append(f"- and {more:,} more failed")
    if left:
        lines.append(f"- {plural(len(left), 'change')} not begun")
    if lines:
        lines.append("\nRun the job again: it does what is left, and writes nothing twice.")
    return "\n".join(lines)


def _runs(runs: Sequence[RunOutcome]) -> str:
    """The test runs: those that failed first, in full; of the others as many as are readable."""
    if not runs:
        return ""
    ordered = sorted(runs, key=lambda run: (run.well, run.deployment))
    rows = ["| run | ended | after |", "| --- | --- | ---: |"]
    for run in ordered[:_MOST_RUNS]:
        took = duration(run.seconds) if run.seconds is not None else ""
        sign = "&#10003;" if run.well else "&#10007;"
        rows.append(f"| {sign} {code(name(run.deployment))} | {prose(run.state)} | {took} |")
    parts = ["\n".join(rows)]
    if (more := len(ordered) - _MOST_RUNS) > 0:
        parts.append(f"and {plural(more, 'run')} more")
    parts += [
        f"- {code(name(run.deployment))}: {prose(cut(visible(run.message), _TEXT_ROOM))}"
        for run in ordered[:_MOST_STEPS]
        if not run.well and run.message
    ]
    return "\n\n".join(parts)


def findings_section(
    title: str, looked_at: int, findings: Sequence[Finding], limit: int, why: str
) -> str:
    """What could be told without a workspace: the findings alone."""
    errors = sum(finding.level is Level.ERROR for finding in findings)
    head = f"### {prose(title)}\n\n**{plural(looked_at, 'deployment')} in scope, "
    head += f"{plural(errors, 'error')}, {plural(len(findings) - errors, 'warning')}.**"
    head += f" {prose(why)}"
    lines: list[str] = []
    room = limit - len(head.encode()) - 200
    for position, finding in enumerate(findings):
        where = code(place(finding.file, finding.line)) + ": " if finding.file else ""
        line = f"- {where}{prose(cut(visible(finding.message), _TEXT_ROOM))}"
        line += f" <sub>{prose(finding.check)}</sub>"
        if finding.remedy:
            remedy = " ".join(visible(part) for part in finding.remedy.splitlines())
            line += f"<br>*Remedy:* {prose(cut(remedy, _TEXT_ROOM))}"
        room -= len(line.encode()) + 1
        if room < 0:
            lines.append(f"- and {plural(len(findings) - position, 'finding')} more")
            break
        lines.append(line)
    return "\n\n".join(part for part in (head, "\n".join(lines)) if part)


def facts_section(title: str, lead: str, facts: Sequence[str] = (), limit: int = 10_000) -> str:
    """A section of a few lines: `lead` and `facts` are sentences with names in quotes."""
    lines = [f"- {prose(cut(visible(fact), _TEXT_ROOM))}" for fact in facts]
    head = f"### {prose(title)}\n\n**{prose(cut(visible(lead), _TEXT_ROOM))}**"
    while lines and len(head.encode()) + sum(len(line.encode()) + 1 for line in lines) > limit - 40:
        lines = [*lines[:-2], "- and more"] if len(lines) > 1 else []
    return "\n\n".join(part for part in (head, "\n".join(lines)) if part)


def failure_section(title: str, message: str, remedy: str, where: str) -> str:
    """What a step that failed says, in the words that the log has."""
    parts = [f"### {prose(title)}", f"**Failed:** {prose(cut(visible(message), _TEXT_ROOM))}"]
    if where:
        parts[1] = f"{code(where)}: {parts[1]}"
    if remedy:
        parts.append("*Remedy:* " + prose(cut(" ".join(remedy.split()), _TEXT_ROOM)))
    return "\n\n".join(parts)
