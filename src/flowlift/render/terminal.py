"""A plan as text for a terminal or a log, as terraform shows one."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from flowlift.findings import Action, Finding, Level
from flowlift.plan.model import Plan, Reason
from flowlift.render.blocks import ChangeBlock, Remark, blocks_of, remarks_of
from flowlift.render.fields import FieldLine, Piece
from flowlift.render.screen import Ink
from flowlift.render.visible import cells, cut, cut_pair, visible
from flowlift.render.wording import (
    address,
    by_weight,
    code,
    follows,
    moved_code,
    name,
    place,
    summary,
    verdict,
)
from flowlift.words import listed

ORDER = (Action.CREATE, Action.UPDATE, Action.DELETE, Action.NONE)
"""What is lost for good stands nearest to the end, which is what a terminal shows."""

_SIGNS = {Action.CREATE: "+", Action.UPDATE: "~", Action.DELETE: "-", Action.NONE: "="}
_INDENT = "    "
_NESTED = _INDENT * 2
_MOST_FOLDS = 4
_REMEDY = "remedy: "
_MOST_LINES = 40
_MOST_DIFF = 16
_LEAST_ROOM = 30
_PLACES = 3


def render_plan(plan: Plan, *, colour: bool, width: int) -> str:
    """The whole plan, ending in a newline.

    Long values are cut to `width` columns with a count of what is left out. Findings come after the
    changes, errors last: the end is what a person sees. Nothing in a name or a value reaches the
    terminal as a control character.
    """
    page = TerminalPage(Ink(colour), width)
    sections = [
        page.header(plan),
        *(page.block(block) for block in blocks_of(plan.changes, ORDER)),
        page.findings(plan.findings),
        page.closing(plan),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


class TerminalPage:
    """How wide the page is, what ink there is, and how each part looks on it."""

    def __init__(self, ink: Ink, width: int) -> None:
        self.ink = ink
        self.width = width
        self.inner = width - len(_NESTED) - 2
        self.drawn: dict[FieldLine, list[str]] = {}
        """What a line looks like: a plan of thousands repeats most of them."""
        self.inks = {
            "+": ink.green,
            "~": ink.yellow,
            "-": ink.red,
            "=": ink.dim,
            "@": ink.dim,
            " ": ink.dim,
        }

    def header(self, plan: Plan) -> list[str]:
        """Environment, workspace, code and scope: on one line where they fit."""
        request = plan.provenance.pull_request
        parts = [
            address(plan),
            code(plan.provenance) + (f" (pull request {request})" if request else ""),
            f"scope: {name(plan.scope)}" if plan.scope else "",
        ]
        title = f"Plan for {visible(plan.environment)}"
        rest = [part for part in parts if part]
        if cells("  ".join([title, *rest])) <= self.width:
            return ["  ".join([self.ink.bold(title), *map(self.ink.dim, rest)])]
        return [self.ink.bold(title), *(f"  {self.ink.dim(part)}" for part in rest)]

    def block(self, block: ChangeBlock) -> list[str]:
        """A heading for each deployment, then once what is done to them, and why."""
        sign = _SIGNS[block.action]
        verb = "keep" if block.action is Action.NONE else block.action.value
        lines = []
        for change in block.changes:
            at = place(change.file, change.line)
            heading = (
                f"{self.inks[sign](f'{sign} {verb}')} {self.ink.bold(name(change.deployment))}"
            )
            lines.append(f"{heading}  {self.ink.dim(at)}" if at else heading)
        if block.action is not Action.NONE:
            lines += self.reasons(block.reasons, len(block.changes))
        shown = block.lines[:_MOST_LINES]
        for line in shown:
            if line not in self.drawn:
                self.drawn[line] = list(self.field(line))
            lines += self.drawn[line]
        if left := len(block.lines) - len(shown):
            lines.append(_INDENT + self.ink.dim(f"(+{left:,} more lines)"))
        for words in block.kept:
            lines += [self.ink.dim(text) for text in self.wrapped(words, f"{_INDENT}= ")]
        return lines

    def reasons(self, reasons: Sequence[Reason], deployments: int) -> Iterator[str]:
        """Why, a line each; reasons without detail share one."""
        lead = f"all {deployments:,} because" if deployments > 1 else "because"
        words = [visible(str(reason)) for reason in reasons]
        if not any(reason.detail for reason in reasons):
            words = [", ".join(words)] if words else []
        for position, text in enumerate(words):
            led = f"{_INDENT}{'and' if position else lead:>{len(lead)}} "
            yield from map(self.ink.dim, self.wrapped(text, led))

    def field(self, line: FieldLine) -> Iterator[str]:
        """One place that changes."""
        sign = self.inks[line.sign](line.sign)
        path = cut(line.path, self.width - len(_INDENT) - 3)
        lead = f"{_INDENT}{sign} {path}:"
        reason = self.ink.dim(f"  ({visible(line.reason)})") if line.reason else ""
        room = self.width - len(_INDENT) - 3 - cells(path)
        room -= len(line.reason) + 4 if line.reason else 0
        if line.diff:
            yield lead + reason
            yield from self.diff(line.diff)
        elif line.added or line.removed:
            yield from self.members(lead, line, room, reason)
        else:
            yield from self.pieces(lead, line, room, reason)

    def pieces(self, lead: str, line: FieldLine, room: int, reason: str) -> Iterator[str]:
        """The values before and after, side by side where they fit, else below each other."""
        plain = ", ".join(_joined(piece, " -> ") for piece in line.pieces)
        arrow = self.ink.dim(" -> ")
        if cells(plain) + 1 <= room:
            yield f"{lead} " + ", ".join(_joined(piece, arrow) for piece in line.pieces) + reason
            return
        single = len(line.pieces) == 1 and line.sign != "~"
        if single and cells(plain) > self.inner and room > _LEAST_ROOM:
            yield f"{lead} {cut(plain, room - 1)}{reason}"
            return
        yield lead + reason
        for piece in line.pieces:
            together = _joined(piece, " -> ")
            if piece.before is None or piece.after is None:
                yield _NESTED + cut(together, self.inner)
                continue
            if len(line.pieces) > 1 and cells(together) <= self.inner:
                yield _NESTED + _joined(piece, arrow)
                continue
            label = f"{piece.label} " if piece.label else ""
            before, after = cut_pair(piece.before, piece.after, self.inner - len(label))
            yield f"{_NESTED}{self.ink.red('-')} {label}{before}"
            yield f"{_NESTED}{self.ink.green('+')} {label}{after}"

    def members(self, lead: str, line: FieldLine, room: int, reason: str) -> Iterator[str]:
        """What comes into a list and what leaves it; a list that is all new or gone, as a list."""
        if line.sign == "~":
            words = [f"+{word}" for word in line.added] + [f"-{word}" for word in line.removed]
            inked, glue = [self.inks[word[0]](word) for word in words], " "
        else:
            words, glue = list(line.added or line.removed), ", "
            inked = words
        if cells(glue.join(words)) + 1 <= room:
            yield f"{lead} {glue.join(inked)}{reason}"
            return
        yield lead + reason
        for word in words[:_MOST_DIFF]:
            yield f"{_NESTED}{self.inks.get(word[0], str)(self.cut(word, self.inner))}"
        if len(words) > _MOST_DIFF:
            yield _NESTED + self.ink.dim(f"(+{len(words) - _MOST_DIFF:,} more)")

    def diff(self, diff: Sequence[str]) -> Iterator[str]:
        """The lines of a text that differ; long ones are folded, as the difference may be late."""
        for text in diff[:_MOST_DIFF]:
            ink = self.inks[text[0]]
            if text[0] == "@":
                yield _NESTED + ink(text[2:])
                continue
            words = self.cut(text[1:], self.inner * _MOST_FOLDS)
            folded = self.wrapped(words, f"{_NESTED}{text[0]} ") if words.strip() else [text[0]]
            for part in folded:
                yield _NESTED + ink(part.removeprefix(_NESTED)) if part.strip() else ""
        if len(diff) > _MOST_DIFF:
            yield _NESTED + self.ink.dim(f"(+{len(diff) - _MOST_DIFF:,} more lines)")

    def findings(self, findings: Sequence[Finding]) -> list[str]:
        """Warnings, then errors; those that say the same of many places are said once."""
        errors, warnings = by_weight(findings)
        remarks = [*remarks_of(warnings), *remarks_of(errors)]
        return [line for remark in remarks for line in ("", *self.remark(remark))][1:]

    def remark(self, remark: Remark) -> Iterator[str]:
        """`error: prefect.yaml:14: ingest/daily [check]`, then what is wrong, and what to do."""
        finding = remark.first
        ink = self.ink.red if finding.level is Level.ERROR else self.ink.yellow
        about = "" if remark.others else name(finding.deployment)
        places = [text for text in (place(finding.file, finding.line), about) if text]
        lead = ink(f"{finding.level.value}:")
        check = self.ink.dim(f"[{visible(finding.check)}]")
        yield " ".join([lead, *([self.ink.bold(": ".join(places))] if places else []), check])
        if remark.others and (also := _also(remark)):
            yield from map(self.ink.dim, self.wrapped(also, _INDENT))
        for line in finding.message.splitlines():
            yield from self.wrapped(visible(line), _INDENT)
        for position, line in enumerate(finding.remedy.splitlines()):
            lead = f"{_INDENT}{_REMEDY if position == 0 else ' ' * len(_REMEDY)}"
            first, *rest = self.wrapped(visible(line), lead)
            yield first.replace(_REMEDY, self.ink.green(_REMEDY), 1) if position == 0 else first
            yield from rest

    def closing(self, plan: Plan) -> list[str]:
        """What it comes to."""
        ink = self.ink
        lines = [ink.bold(summary(plan))]
        if words := verdict(plan):
            lines.append(ink.red(words) if plan.errors else ink.yellow(words))
        for words in filter(None, (moved_code(plan), follows(plan))):
            lines += [ink.dim(line) for line in self.wrapped(words, "")]
        return lines

    def wrapped(self, text: str, lead: str) -> list[str]:
        """`text` after `lead`, broken between words; paths and addresses are never broken."""
        if cells(lead) + cells(text) <= self.width:
            return [lead + text]
        return textwrap.wrap(
            text,
            self.width,
            initial_indent=lead,
            subsequent_indent=" " * len(lead),
            break_long_words=False,
            break_on_hyphens=False,
        )

    def cut(self, text: str, room: int) -> str:
        """`text` in `room` columns, or in the fewest that are of use."""
        return cut(text, max(room, _LEAST_ROOM))


def _joined(piece: Piece, arrow: str) -> str:
    label, before, after = piece
    if before is not None and after is not None:
        values = f"{before}{arrow}{after}"
    else:
        values = before or after or ""
    return f"{label} {values}" if label and values else label or values


def _also(remark: Remark) -> str:
    """The other places; of one place that several deployments share, as by an anchor, those."""
    findings = (remark.first, *remark.others)
    places = list(dict.fromkeys(place(f.file, f.line) for f in findings))
    words, found = "and at ", places[1:]
    if not found or "" in places:
        words, found = (
            "for ",
            list(dict.fromkeys(name(f.deployment) for f in findings if f.deployment)),
        )
    return words + listed(found, _PLACES) if found else ""
