"""A deployment under a new name: which it is, and what its old self takes along."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from flowlift.findings import Action
from flowlift.plan import stamps
from flowlift.plan.diff import BY_HAND, create, written
from flowlift.plan.fields import comparable, schedule_content
from flowlift.plan.model import Change, Desired, Kept, Live, Provenance
from flowlift.plan.schedules import pair

One = TypeVar("One", Desired, Live)

_NAMELESS = frozenset({"version", "pull_steps", "paused", "tags"})
"""Fields that say nothing of whether two deployments are one: they come from the commit, too."""


def renames(wanted: Iterable[Desired], removed: Iterable[Live]) -> dict[str, str]:
    """The new keys of removed deployments, where only one of each can be meant.

    Those with the same code and the same values are one; then the only one left of a flow's
    entrypoint on each side.
    """
    found: dict[str, str] = {}
    new, old = list(wanted), list(removed)
    for content in (_content, _code):
        news, olds = _by(new, content), _by(old, content)
        for key, ones in news.items():
            others = olds.get(key, [])
            if len(ones) == len(others) == 1:
                found[ones[0].key] = others[0].key
        new = [one for one in new if one.key not in found]
        old = [one for one in old if one.key not in found.values()]
    return found


def create_renamed(
    desired: Desired, old: Live, provenance: Provenance, tool_version: str
) -> Change:
    """The change that creates `desired`, which was `old`: what a person has paused stays so."""
    made = create(desired, provenance, tool_version)
    last = stamps.applied(old)
    kept: list[Kept] = []
    paused = bool(old.body.get("paused")) and "paused" not in desired.body
    if paused:
        kept.append(Kept(field="paused", live=True, note=BY_HAND))
    named = [schedule for schedule, _ in pair(desired.schedules, ())]
    schedules = list(named)
    for position, (_, found) in enumerate(pair(desired.schedules, old.schedules, last)):
        one = named[position]
        by_hand = found and not found.active and last.get(f"schedules.{found.slug}.active") == "1"
        if one.active and by_hand:
            schedules[position] = replace(one, active=False)
            kept.append(_off(f"schedules.{one.slug}.active", "paused by hand under its old name"))
    triggers = list(desired.triggers)
    for position, (trigger, was) in enumerate(zip(triggers, old.triggers or (), strict=False)):
        by_hand = last.get(f"triggers.{was.get('name')}.enabled") == "1"
        if trigger["enabled"] and not was.get("enabled") and by_hand:
            triggers[position] = {**trigger, "enabled": False}
            path = f"triggers.{trigger['name']}.enabled"
            kept.append(_off(path, "disabled by hand under its old name"))
    assert made.desired is not None  # noqa: S101 - a creation has one
    effective = replace(
        made.desired,
        body={**made.desired.body, **({"paused": True} if paused else {})},
        schedules=tuple(schedules),
        triggers=tuple(triggers),
    )
    return made.model_copy(update={**written(Action.CREATE, effective, None), "kept": tuple(kept)})


def _off(path: str, note: str) -> Kept:
    return Kept(field=path, live=False, desired=True, note=note)


def _by(ones: Sequence[One], content: Callable[[Desired | Live], str]) -> dict[str, list[One]]:
    groups: dict[str, list[One]] = {}
    for one in ones:
        groups.setdefault(content(one), []).append(one)
    return groups


def _code(one: Desired | Live) -> str:
    return f"{one.flow} {one.body.get('entrypoint')}"


def _content(one: Desired | Live) -> str:
    body = {
        name: comparable(name, value) for name, value in one.body.items() if name not in _NAMELESS
    }
    times = sorted(repr(schedule_content(s, anchored=False)) for s in one.schedules)
    return repr((one.flow, sorted(body.items()), times))
