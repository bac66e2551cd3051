"""Plans as GitHub-flavoured markdown: a pull request's comment, a job's summary.

What holds for the environment first, then what is wrong, then each change folded away. What does
not fit under the forge's limit gives way in steps: first the fields, then the names, never the
counts and never without saying so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from flowlift.findings import Action, Finding, Level
from flowlift.plan.model import Plan
from flowlift.render.blocks import ChangeBlock, blocks_of
from flowlift.render.fields import FieldLine, Piece
from flowlift.render.markup import code, fenced, html_code, prose
from flowlift.render.visible import cut, visible
from flowlift.render.wording import address, name, place, summary, verdict
from flowlift.render.wording import code as code_of
from flowlift.words import and_more, listed, plural

ORDER = (Action.DELETE, Action.CREATE, Action.UPDATE, Action.NONE)
"""What is lost for good stands first, where a page is read from."""

_SIGNS = {Action.CREATE: "+", Action.UPDATE: "~", Action.DELETE: "&#8722;", Action.NONE: "="}
_LINKABLE = re.compile(r"https?://[\w.:/-]+", re.ASCII)
_VALUE_ROOM = 80
_REASON_ROOM = 120
_TEXT_ROOM = 600
_MOST_LINES = 60
_MOST_DIFF = 30
_MOST_NAMES = 3
_MOST_PLACES = 5
_OPEN_WARNINGS = 5
_FINDINGS_SHARE = 0.4
_RESERVE = 200


def render_section(plan: Plan, *, limit: int, lead: str = "", after: str = "") -> str:
    """One plan as a section that stands among others, shorter than `limit` bytes if it can be.

    `lead` stands for the plan's summary: a sentence of markdown that says what was done with it.
    `after` is markdown that follows before the changes. Nothing in a name or a value becomes
    markup, calls a person or refers to an issue.
    """
    room = limit - 1 - _size(after) - _RESERVE
    findings = _findings(plan, int(room * _FINDINGS_SHARE))
    head = _head(plan, lead)
    room -= _size(findings) + _size(head) + _RESERVE
    body = _fitted(plan, blocks_of(plan.changes, ORDER), room)
    return "\n\n".join(part for part in (head, after, findings, body) if part)


def _head(plan: Plan, lead: str) -> str:
    url = address(plan)
    request = plan.provenance.pull_request
    facts = [
        code(code_of(plan.provenance)),
        f"pull request {request}" if request else "",
        f"scope: {prose(name(plan.scope))}" if plan.scope else "",
        (f"[workspace]({url})" if _LINKABLE.fullmatch(url) else code(url)) if url else "",
    ]
    said = lead or f"**{prose(summary(plan))}**"
    head = f"### {prose(plan.environment)}\n\n{', '.join(filter(None, facts))}\n\n{said}"
    if warning := verdict(plan):
        head += f" {warning}"
    return head


# Findings --------------------------------------------------------------------------------


def _findings(plan: Plan, room: int) -> str:
    """Errors open, many warnings folded away; what is wrong at several places is said once."""
    alike: dict[tuple[str, ...], list[Finding]] = {}
    for finding in dict.fromkeys(plan.findings):
        key = (finding.level.value, finding.check, finding.message, finding.remedy)
        alike.setdefault(key, []).append(finding)
    parts = []
    for level in (Level.ERROR, Level.WARNING):
        groups = [group for group in alike.values() if group[0].level is level]
        items = [_remark(group) for group in groups]
        shown = _fitting(items, room)
        room -= sum(_size(item) for item in shown)
        if left := sum(len(group) for group in groups[len(shown) :]):
            shown.append(f"- and {plural(left, level.value)} more: `flowlift plan` tells all")
        if shown:
            count = sum(len(group) for group in groups)
            parts.append(_listed(level, count, shown))
    return "\n\n".join(parts)


def _listed(level: Level, count: int, items: list[str]) -> str:
    title = plural(count, level.value)
    body = "\n".join(items)
    if level is Level.ERROR or len(items) <= _OPEN_WARNINGS:
        return f"**{title}**\n\n{body}"
    return _details(f"<b>{title}</b>", body)


def _remark(group: Sequence[Finding]) -> str:
    """What is wrong, at each of the places where it is."""
    first = group[0]
    places = [code(place(f.file, f.line)) for f in group[:_MOST_PLACES] if f.file]
    names = [code(name(f.deployment)) for f in group[:_MOST_PLACES] if f.deployment]
    lead = ", ".join(places if len(group) > 1 and places else [*places, *names])
    lead += and_more(len(group) - _MOST_PLACES)
    message = prose(cut(visible(first.message), _TEXT_ROOM))
    text = f"- {lead}{': ' if lead else ''}{message} <sub>{prose(first.check)}</sub>"
    if first.remedy:
        text += "<br>*Remedy:* " + "<br>".join(
            prose(cut(visible(line), _TEXT_ROOM)) for line in first.remedy.splitlines()
        )
    return text


# An environment --------------------------------------------------------------------------


def _fitted(plan: Plan, blocks: Sequence[ChangeBlock], room: int) -> str:
    """As many changes with their fields as there is room for, then names only, then a count."""
    brief = [_brief(block) for block in blocks]
    rest = sum(_size(line) for line in brief)
    full: list[str] = []
    used = 0
    for block, line in zip(blocks, brief, strict=True):
        rest -= _size(line)
        text = _block(block)
        # Names come before fields; but where not even the names fit, half is for the first fields.
        if used + _size(text) > max(room - rest, room // 2):
            break
        full.append(text)
        used += _size(text)
    parts = ["\n".join(full)]
    if names := brief[len(full) :]:
        shown = _fitting(names, room - used)
        left = sum(len(block.changes) for block in blocks[len(full) + len(shown) :])
        if left:
            shown.append(f"- and {plural(left, 'change')} more")
        how = f"`flowlift plan {plan.environment}` shows all" if plan.environment.isascii() else ""
        count = sum(len(block.changes) for block in blocks[len(full) :])
        lead = f"<b>{plural(count, 'more change')}</b>, without fields"
        parts.append(_details(lead, "\n".join([*shown, "", how])))
    return "\n".join(part for part in parts if part)


def _brief(block: ChangeBlock) -> str:
    lines = plural(len(block.lines), "field") if block.lines else ""
    kinds = ", ".join(dict.fromkeys(reason.kind for reason in block.reasons))
    facts = "; ".join(part for part in (lines, kinds) if part)
    return f"- {_title(block, code)}" + (f" ({facts})" if facts else "")


def _title(block: ChangeBlock, say: Callable[[str], str]) -> str:
    verb = "keep" if block.action is Action.NONE else block.action.value
    names = [say(name(change.deployment)) for change in block.changes[:_MOST_NAMES]]
    more = len(block.changes) - len(names)
    alike = f"{and_more(more)} alike" if more else ""
    return f"{_SIGNS[block.action]} {verb} {', '.join(names)}{alike}"


def _block(block: ChangeBlock) -> str:
    """A change folded away: what and why in its title, the fields inside."""
    title, told = f"<b>{_title(block, html_code)}</b>", _why(block)
    if told:
        title += f": {prose(cut(told, _REASON_ROOM), html_code)}"
    details = [visible(str(reason)) for reason in block.reasons if reason.detail]
    if block.action is Action.NONE or [cut(told, _REASON_ROOM)] == details:
        details = []
    parts = [
        _places(block),
        "\n".join(f"- {prose(words)}" for words in details),
        _table(block),
        *(_text(line) for line in block.lines[:_MOST_LINES] if line.diff),
        "\n".join(f"- {prose(words)}" for words in block.kept),
    ]
    body = "\n\n".join(part for part in parts if part)
    return _details(title, body) if body else f"{title}<br>"


def _why(block: ChangeBlock) -> str:
    """The reason, or all their kinds; what is kept, where nothing is done."""
    if block.action is Action.NONE:
        return block.kept[0] if len(block.kept) == 1 else f"{len(block.kept)} things set by hand"
    if len(block.reasons) == 1:
        return visible(str(block.reasons[0]))
    return ", ".join(dict.fromkeys(reason.kind for reason in block.reasons))


def _places(block: ChangeBlock) -> str:
    if len(block.changes) == 1:
        change = block.changes[0]
        return code(place(change.file, change.line)) if change.file else ""
    return ", ".join(code(name(change.deployment)) for change in block.changes)


def _table(block: ChangeBlock) -> str:
    shown = block.lines[:_MOST_LINES]
    rows = [line for line in shown if not line.diff]
    if not rows:
        return ""
    if all(line.sign == "+" for line in rows):
        lines = ["| field | value |", "| --- | --- |"]
        lines += [f"| {_field(line)} | {_side(line, after=True)} |" for line in rows]
    else:
        lines = ["| field | before | after |", "| --- | --- | --- |"]
        for line in rows:
            sides = f"{_side(line, after=False)} | {_side(line, after=True)}"
            lines.append(f"| {_field(line)} | {sides} |")
    if left := len(block.lines) - len(shown):
        lines += ["", f"and {plural(left, 'field')} more"]
    return "\n".join(lines)


def _field(line: FieldLine) -> str:
    reason = f" ({prose(line.reason)})" if line.reason else ""
    return code(cut(line.path, _VALUE_ROOM)) + reason


def _side(line: FieldLine, *, after: bool) -> str:
    """A line's value before or after, as a table's cell."""
    members = line.added if after else line.removed
    if members:
        lead = ("+" if after else "&#8722;") + " " if line.sign == "~" else ""
        return lead + listed([code(cut(member, _VALUE_ROOM)) for member in members], _MOST_LINES)
    changes = any(piece.before is not None for piece in line.pieces)
    elsewhere = (
        line.sign == "-" if after else line.sign == "+" or (line.sign == "~" and not changes)
    )
    if elsewhere:
        return ""
    words = [_piece(piece, after=after) for piece in line.pieces]
    text = ", ".join(word for word in words if word)
    return code(cut(text, _VALUE_ROOM)) if text else ""


def _piece(piece: Piece, *, after: bool) -> str:
    value = piece.after if after else piece.before
    return " ".join(part for part in (piece.label, value) if part)


def _text(line: FieldLine) -> str:
    return f"{_field(line)}\n\n{_diff(line.diff)}"


def _diff(diff: Sequence[str]) -> str:
    lines = [
        f"@@ {line[2:]} @@" if line[0] == "@" else cut(line, _TEXT_ROOM)
        for line in diff[:_MOST_DIFF]
    ]
    if left := len(diff) - len(lines):
        lines.append(f"(+{plural(left, 'more line')})")
    return fenced(lines, "diff")


# Room ------------------------------------------------------------------------------------


def _details(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _fitting(items: Sequence[str], room: int) -> list[str]:
    """The first items that fit into `room` bytes together."""
    shown: list[str] = []
    for item in items:
        room -= _size(item)
        if room < 0:
            break
        shown.append(item)
    return shown


def _size(text: str) -> int:
    """Bytes of `text` and the newlines that part it from the next; never less than characters."""
    return len(text.encode()) + 2
