"""Which changes are shown together: those that do the same for the same reasons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flowlift.findings import Action, Finding
from flowlift.plan.model import Change, Reason
from flowlift.render.fields import FieldLine, kept_in_words, lines_of


@dataclass(frozen=True, slots=True)
class ChangeBlock:
    """Changes that differ in nothing but the deployment, and what they do."""

    action: Action
    changes: tuple[Change, ...]
    reasons: tuple[Reason, ...]
    lines: tuple[FieldLine, ...]
    kept: tuple[str, ...]


def blocks_of(changes: Iterable[Change], order: tuple[Action, ...]) -> list[ChangeBlock]:
    """What a plan does, action by action in `order`; within one, as the plan has it.

    Where hundreds of deployments get the same change, it is told once: they stand together, at the
    place of the first. A deployment that nothing is done to is in only where something is kept.
    """
    groups: dict[tuple[object, ...], list[Change]] = {}
    for change in changes:
        if change.action is Action.NONE and not change.kept:
            continue
        lines = tuple(lines_of(change))
        kept = tuple(words for kept in change.kept for words in kept_in_words(kept))
        reasons = tuple(dict.fromkeys((r.kind, r.detail) for r in change.reasons))
        groups.setdefault((change.action, reasons, lines, kept), []).append(change)
    blocks = [
        ChangeBlock(group[0].action, tuple(group), group[0].reasons, key[2], key[3])  # type: ignore[arg-type]
        for key, group in groups.items()
    ]
    return sorted(blocks, key=lambda block: order.index(block.action))


@dataclass(frozen=True, slots=True)
class Remark:
    """Findings that say the same of several places."""

    first: Finding
    others: tuple[Finding, ...]


def remarks_of(findings: Iterable[Finding]) -> list[Remark]:
    """The findings in their order, with those that say the same gathered at the first one."""
    groups: dict[tuple[str, str, str, str], list[Finding]] = {}
    for finding in findings:
        key = (finding.level.value, finding.check, finding.message, finding.remedy)
        groups.setdefault(key, []).append(finding)
    return [Remark(group[0], tuple(group[1:])) for group in groups.values()]
