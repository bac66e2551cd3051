"""Which commit a deployment's runs check out: the one that they have, while its code stays."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from flowlift.plan import stamps
from flowlift.plan.checkout import single_step
from flowlift.plan.desired import Resolution
from flowlift.plan.model import Live, Policy


def keep_pin(
    resolution: Resolution, live: Live | None, policy: Policy, lost: Collection[str]
) -> Resolution:
    """The same, with the commit that is live where nothing that the code reaches has changed.

    `lost` are commits that the branch of the environment no longer has: nobody could clone them.
    Where the commit moves, the reason is the source; where the way of pinning does, the policy.
    """
    desired = resolution.desired
    pin = stamps.pin(live) if live else None
    if live is None or pin is None or not desired.code:
        return resolution
    if policy.pin == "branch":
        return _because(resolution, f"policy {policy.environment}")
    pinned = resolution.checkout.pinned if resolution.checkout else ()
    if policy.pin != "closure" or not desired.source or not pinned:
        return resolution
    if live.labels.get(stamps.SOURCE) != desired.source or pin in lost:
        return _because(resolution, "source")
    steps = list(desired.body["pull_steps"])
    for index in pinned:
        function, inputs = single_step(steps[index])
        steps[index] = {function: {**inputs, "commit_sha": pin}}
    kept = replace(desired, body={**desired.body, "pull_steps": steps}, code=pin)
    return replace(resolution, desired=kept)


def moves(resolution: Resolution, live: Live | None) -> str | None:
    """The commit that the deployment's pin leaves, None where it has none or keeps it."""
    pin = stamps.pin(live) if live else None
    return pin if pin != resolution.desired.code and resolution.desired.source else None


def _because(resolution: Resolution, origin: str) -> Resolution:
    origins = {**resolution.desired.origins, "pull_steps": origin}
    return replace(resolution, desired=replace(resolution.desired, origins=origins))
