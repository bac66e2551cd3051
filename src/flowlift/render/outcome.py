"""What an apply and a verify have done, as people read it while it happens and when it ends."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from flowlift.findings import Action
from flowlift.render.screen import Ink
from flowlift.render.visible import cells, cut, visible
from flowlift.render.wording import name
from flowlift.words import duration, plural

if TYPE_CHECKING:
    from flowlift.deployments.applying import Applied
    from flowlift.deployments.verifying import RunOutcome
    from flowlift.plan.model import Change

_PAST = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.DELETE: "deleted",
    Action.NONE: "kept",
}
_WRONG = {"failed", "crashed", "cancelled", "timedout"}
_SHOWN_DONE = 5
_SHOWN_LEFT = 20
_NAMES_ROOM = 48
_LOG_ROOM = 1_000
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def change_done(change: Change, seconds: float, *, colour: bool, unicode: bool) -> str:
    """`✓ updated load-orders/hourly (0.08 s)`, without a newline."""
    ink = Ink(colour)
    tick = ink.green("✓" if unicode else "ok")
    took = ink.dim(f"({duration(seconds)})")
    return f"{tick} {_PAST[change.action]} {name(change.deployment)} {took}"


def applied(result: Applied, seconds: float) -> str:
    """`Applied to dev in 1.2 s: 2 created, 1 updated, 0 deleted, 46 unchanged.`"""
    plan = result.plan
    said = f"{counted(result.written.done)}, {plan.count(Action.NONE):,} unchanged"
    return f"Applied to {visible(plan.environment)} in {duration(seconds)}: {said}."


def counted(done: Iterable[Change]) -> str:
    """`2 created, 1 updated, 0 deleted`"""
    counts = Counter(change.action for change in done)
    actions = (Action.CREATE, Action.UPDATE, Action.DELETE)
    return ", ".join(f"{counts[action]:,} {_PAST[action]}" for action in actions)


def partly_applied(result: Applied, seconds: float, *, colour: bool, width: int) -> str:
    """What is written, what failed and in whose words, what is left, and how to go on.

    The failures are told in full; of the rest only so many that they do not hide them.
    """
    ink = Ink(colour)
    written = result.written
    done, failed, left = written.done, written.failed, written.left
    every = len(done) + len(failed) + len(left)
    lines = [
        ink.bold(
            f"Stopped after {duration(seconds)}: {len(done):,} of"
            f" {plural(every, 'change')} {'is' if len(done) == 1 else 'are'} written to"
            f" {visible(result.plan.environment)}."
        )
    ]
    lines += _steps("done", done, _SHOWN_DONE, ink.green)
    lines += _steps("left", left, _SHOWN_LEFT, ink.yellow)
    if left and written.why:
        lines += _folded(visible(written.why), width, " " * 10)
    for change, why in failed:
        lines.append(f"  {ink.red('failed')}  {change.action.value} {name(change.deployment)}")
        for line in why.splitlines():
            lines += _folded(visible(line), width, " " * 10)
    lines.append("Run the same command again: it does what is left, and writes nothing twice.")
    return "\n".join(lines) + "\n"


def _steps(
    word: str, changes: Sequence[Change], most: int, ink: Callable[[str], str]
) -> Iterator[str]:
    for position, change in enumerate(changes[:most]):
        lead = ink(f"{word:<6}") if position == 0 else " " * 6
        yield f"  {lead}  {change.action.value} {name(change.deployment)}"
    if len(changes) > most:
        yield f"{' ' * 10}and {len(changes) - most:,} more"


def render_runs(outcomes: Sequence[RunOutcome], *, colour: bool, width: int, unicode: bool) -> str:
    """A table of test runs, below each that failed why and the end of its log, and the count."""
    if not outcomes:
        return "No runs.\n"
    ink = Ink(colour)
    names = [cut(visible(outcome.deployment), _NAMES_ROOM) for outcome in outcomes]
    states = [visible(outcome.state) for outcome in outcomes]
    times = ["-" if o.seconds is None else duration(o.seconds) for o in outcomes]
    columns = [max(map(cells, column)) for column in (names, states, times)]
    links = [visible(outcome.url) for outcome in outcomes]
    beside = sum(columns) + max(map(cells, links)) + 8 <= width

    lines = []
    for outcome, *row, link in zip(outcomes, names, states, times, links, strict=True):
        tint, sign = _verdict(outcome, ink, unicode)
        shown, state, time = row
        text = "  ".join(
            [
                f"{tint(sign)} {_padded(shown, columns[0])}",
                tint(_padded(state, columns[1])),
                " " * (columns[2] - len(time)) + time,
            ]
        )
        lines.append(f"{text}  {ink.dim(link)}".rstrip() if beside else text)
        if link and not beside:
            lines.append(f"    {ink.dim(link)}")
        if not outcome.well:
            lines += _trouble(outcome, ink, width)
    counts = Counter(outcome.state.casefold() for outcome in outcomes)
    total = ", ".join(f"{count:,} {visible(state)}" for state, count in counts.items())
    lines += ["", ink.bold(f"{plural(len(outcomes), 'run')}: {total}.")]
    return "\n".join(lines) + "\n"


def _verdict(outcome: RunOutcome, ink: Ink, unicode: bool) -> tuple[Callable[[str], str], str]:
    if outcome.well:
        return ink.green, "✓" if unicode else "+"
    if outcome.state.casefold() in _WRONG:
        return ink.red, "✗" if unicode else "x"
    return ink.yellow, "!"


def _trouble(outcome: RunOutcome, ink: Ink, width: int) -> Iterator[str]:
    for line in outcome.message.splitlines():
        yield from _folded(visible(line), width, " " * 4)
    for line in outcome.log_lines:
        for part in line.splitlines():
            plain = visible(_COLOUR.sub("", part))
            yield from map(ink.dim, _folded(cut(plain, _LOG_ROOM), width, "    | "))


def _folded(text: str, width: int, lead: str) -> list[str]:
    """`text` after `lead`, broken between words where it is too long."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=lead,
        subsequent_indent=lead,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [lead.rstrip()]


def _padded(text: str, columns: int) -> str:
    return text + " " * (columns - cells(text))
