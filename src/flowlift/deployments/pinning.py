"""Pins of code against git: which of them still stand, and what moves the others."""

from __future__ import annotations

from collections.abc import Mapping

from flowlift.deployments.reading import Reading
from flowlift.errors import GitError
from flowlift.plan import stamps
from flowlift.plan.desired import Resolution
from flowlift.plan.model import Live, Reason
from flowlift.plan.pins import keep_pin, moves
from flowlift.project.project import Project
from flowlift.repo.changes import code_changes


def pin_code(
    project: Project, reading: Reading, resolutions: Mapping[int, Resolution]
) -> tuple[Mapping[int, Resolution], Mapping[int, tuple[Reason, ...]]]:
    """The desired deployments with the commits that they keep, and why those that move do."""
    live = {index: reading.live.get(one.desired.key) for index, one in resolutions.items()}
    lost = _lost(project, reading, live)
    pinned = {
        index: keep_pin(one, live[index], reading.policy, lost)
        for index, one in resolutions.items()
    }
    return pinned, _why(project, reading, pinned, live)


def _lost(project: Project, reading: Reading, live: Mapping[int, Live | None]) -> frozenset[str]:
    """Live pins that the environment's branch no longer has, as after a force-push.

    Where the clone is too shallow to tell, a pin stands.
    """
    policy = reading.policy
    if policy.pin != "closure":
        return frozenset()
    repository = project.repository
    tip = policy.commit
    if policy.on_default_branch:
        tip = repository.default_ref(policy.default_branch)
    pins = {pin for one in live.values() if one and (pin := stamps.pin(one))}
    lost = set()
    for pin in pins - {policy.commit}:
        try:
            if not repository.is_ancestor(pin, tip):
                lost.add(pin)
        except GitError:
            continue  # a shallow clone: the worker's fetch would say
    return frozenset(lost)


def _why(
    project: Project,
    reading: Reading,
    resolutions: Mapping[int, Resolution],
    live: Mapping[int, Live | None],
) -> dict[int, tuple[Reason, ...]]:
    """What changed in the code since each pin that moves."""
    since: dict[str, list[int]] = {}
    for index, one in resolutions.items():
        if old := moves(one, live[index]):
            since.setdefault(old, []).append(index)
    found: dict[int, tuple[Reason, ...]] = {}
    for old, indices in since.items():
        declared = [reading.scoped.declared[index] for index in indices]
        if project.repository.resolve(old) is None:
            unknown = Reason(kind="source", detail=f"since {old[:8]}, which is not in this clone")
            reasons = {place: [unknown] for place in range(len(indices))}
        else:
            reasons = code_changes(
                project.repository,
                project.root,
                project.settings,
                declared,
                (old, reading.policy.commit),
            )
        for place, index in enumerate(indices):
            if why := reasons.get(place):
                found[index] = tuple(why)
    return found
