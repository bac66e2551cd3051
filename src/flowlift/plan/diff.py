"""What differs between desired and live, field by field, and whose doing each difference is.

Three values decide: what was last applied (a digest in the labels), what is live, what is desired.
A live value that is no longer the applied one was changed by a person: that is drift. Pauses by a
person are always kept; other drift is undone or kept as the environment's policy says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flowlift.findings import Action, FieldChange, Json
from flowlift.plan import stamps
from flowlift.plan.fields import FIELDS, comparable, digest, is_known, schedule_content
from flowlift.plan.json_diff import differences, same
from flowlift.plan.mask import mask
from flowlift.plan.model import (
    Change,
    Desired,
    Kept,
    Live,
    Policy,
    Provenance,
    Reason,
    ReasonKind,
    Schedule,
)
from flowlift.plan.schedules import pair
from flowlift.plan.triggers import describe_trigger, trigger_contents

BY_HAND = "paused by hand, as the manifest says nothing of it"

SOURCE_FIELDS = {"parameter_openapi_schema", "description"}
"""Fields that the flow's code decides where the manifest does not."""


@dataclass(slots=True)
class _Comparison:
    """Gathers what one deployment's comparison finds."""

    desired: Desired
    live: Live
    policy: Policy
    applied: Mapping[str, str]
    fields: list[FieldChange] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    reasons: list[ReasonKind] = field(default_factory=list)

    def note(self, name: str, before: Json, after: Json, kind: ReasonKind) -> None:
        """Write down each difference below `name`, masked."""
        for path, old, new in differences(before, after, name, whole_lists=True):
            self.fields.append(
                FieldChange(
                    field=path,
                    before=mask(old, path, self.desired.secrets),
                    after=mask(new, path, self.desired.secrets),
                    reason=kind,
                )
            )
        if kind not in self.reasons:
            self.reasons.append(kind)

    def keep(self, name: str, live: Json, desired: Json, note: str) -> None:
        secrets = self.desired.secrets
        self.kept.append(
            Kept(
                field=name,
                live=mask(live, name, secrets),
                desired=mask(desired, name, secrets),
                note=note,
            )
        )

    def drifted(self, name: str, live: Json) -> bool:
        """Whether the live value is not the one last applied; False where that is not known."""
        return name in self.applied and digest(live) != self.applied[name]

    def unchanged_by_us(self, name: str, desired: Json) -> bool:
        return self.applied.get(name) == digest(desired)

    def kind(self, name: str, *, drifted: bool) -> ReasonKind:
        if drifted:
            return "drift"
        if not self.applied:
            return "adopt"
        origin = self.desired.origins.get(name, "")
        if origin.startswith("policy"):
            return "policy"
        return "source" if name in SOURCE_FIELDS or origin == "source" else "manifest"


def create(desired: Desired, provenance: Provenance, tool_version: str) -> Change:
    """The change that creates a deployment that is not live."""
    schedules = tuple(schedule for schedule, _ in pair(desired.schedules, ()))
    effective = _versioned(replace(desired, schedules=schedules), provenance)
    fields = [
        FieldChange(field=name, after=mask(value, name, desired.secrets))
        for name, value in desired.body.items()
        if value not in (None, {}, []) and name != "parameter_openapi_schema"
    ]
    fields += [
        FieldChange(field=f"schedules.{s.slug}", after=mask(describe(s), "schedules", ()))
        for s in schedules
    ]
    fields += [
        FieldChange(
            field=f"triggers.{t.get('name')}", after=mask(describe_trigger(t), "triggers", ())
        )
        for t in desired.triggers
    ]
    wanted = replace(desired, schedules=schedules)
    return Change(
        action=Action.CREATE,
        reasons=(Reason(kind="new"),),
        fields=tuple(fields),
        **written(Action.CREATE, effective, None),
        labels=_labels(wanted, None, provenance, tool_version),
    )


def compare(
    desired: Desired, live: Live, policy: Policy, provenance: Provenance, tool_version: str
) -> Change:
    """The change that brings a live deployment to what is desired; NONE where nothing differs."""
    comparison = _Comparison(desired, live, policy, stamps.applied(live))
    body = _compare_body(comparison)
    wanted, schedules = _compare_schedules(comparison)
    _compare_labels(comparison)
    triggers = _compare_triggers(comparison)
    effective = replace(desired, body=body, schedules=schedules, triggers=triggers)
    effective = _versioned(effective, provenance)

    mine = stamps.owner(live) == provenance.repository
    if not mine:
        comparison.reasons.insert(0, "take over" if stamps.owner(live) else "adopt")
    action = Action.UPDATE if comparison.fields or not mine else Action.NONE
    kinds = dict.fromkeys(comparison.reasons) if action is Action.UPDATE else ()
    return Change(
        action=action,
        reasons=tuple(Reason(kind=kind) for kind in kinds),
        fields=tuple(comparison.fields),
        kept=tuple(comparison.kept),
        **written(action, effective, live),
        labels=_labels(replace(desired, schedules=wanted), live, provenance, tool_version),
    )


def _versioned(desired: Desired, provenance: Provenance) -> Desired:
    """Where the manifest declares no version, the commit is written, as Prefect infers it.

    It is written along with a change and is never a change by itself.
    """
    if desired.body.get("version") is not None:
        return desired
    return replace(desired, body={**desired.body, "version": provenance.commit[:8]})


def delete(live: Live, reason: Reason) -> Change:
    """The change that removes an owned deployment."""
    return Change(
        action=Action.DELETE,
        deployment=live.key,
        reasons=(reason,),
        fingerprint=digest(["delete", _live_content(live)]),
        live=live,
    )


def describe(schedule: Schedule) -> dict[str, Json]:
    """A schedule as a plan shows it."""
    shown: dict[str, Json] = {**schedule.timing, "active": schedule.active}
    if schedule.parameters:
        shown["parameters"] = dict(schedule.parameters)
    if schedule.max_scheduled_runs is not None:
        shown["max_scheduled_runs"] = schedule.max_scheduled_runs
    return shown


def _compare_body(comparison: _Comparison) -> dict[str, Json]:
    desired, live, policy = comparison.desired, comparison.live, comparison.policy
    body = dict(desired.body)
    for name in FIELDS:
        if name not in desired.body or (name == "version" and desired.body[name] is None):
            # Not sent, so what is live stays; a version that nobody declared is only a stamp.
            continue
        want, have = desired.body[name], live.body.get(name)
        if same(comparable(name, want), comparable(name, have)):
            continue
        drifted = comparison.drifted(name, comparable(name, have))
        ours = comparison.unchanged_by_us(name, comparable(name, want))
        if name == "paused" and have and drifted and ours:
            comparison.keep(name, have, want, "paused by hand since the last apply")
            body[name] = have
        elif drifted and ours and policy.on_drift == "keep" and is_known(want):
            comparison.keep(name, have, want, "changed by hand since the last apply")
            body[name] = have
        else:
            comparison.note(name, have, want, comparison.kind(name, drifted=drifted and ours))
    if "paused" not in body and live.body.get("paused"):
        comparison.keep("paused", True, None, BY_HAND)
        body["paused"] = True
    return body


def _compare_schedules(
    comparison: _Comparison,
) -> tuple[tuple[Schedule, ...], tuple[Schedule, ...]]:
    """The schedules as wanted (which is what is stamped), and as they will be written."""
    desired, live = comparison.desired, comparison.live
    wanted: list[Schedule] = []
    written: list[Schedule] = []
    pairs = pair(desired.schedules, live.schedules, comparison.applied)
    for position, (schedule, found) in enumerate(pairs):
        wanted.append(schedule)
        name = f"schedules.{schedule.slug}"
        if found is None:
            kind = comparison.kind("schedules", drifted=name in comparison.applied)
            comparison.note(name, None, describe(schedule), kind)
            written.append(schedule)
            continue
        result = schedule
        want, have = schedule_content(schedule), schedule_content(found)
        if want != have or schedule.slug != found.slug:
            drifted = comparison.drifted(name, schedule_content(found, anchored=False))
            ours = comparison.unchanged_by_us(name, schedule_content(schedule, anchored=False))
            if drifted and ours and comparison.policy.on_drift == "keep":
                comparison.keep(name, describe(found), describe(schedule), "changed by hand")
                result = replace(found, slug=schedule.slug, active=schedule.active)
            else:
                kind = comparison.kind("schedules", drifted=drifted and ours)
                before = {**have["timing"], **_rest(have)}
                after = {**want["timing"], **_rest(want)}
                if found.slug != schedule.slug:
                    before["slug"], after["slug"] = found.slug, schedule.slug
                comparison.note(name, before, after, kind)
        declared_off = position in desired.schedule_pauses
        written.append(_activity(comparison, result, found, declared_off=declared_off))

    for gone in live.schedules:
        if any(found is gone for _, found in pairs):
            continue
        name = f"schedules.{gone.slug or 'unnamed'}"
        ours = gone.slug is not None and name in comparison.applied
        if not ours and comparison.applied and comparison.policy.on_drift == "keep":
            comparison.keep(name, describe(gone), None, "added by hand since the last apply")
            written.append(gone)
        else:
            kind = comparison.kind("schedules", drifted=bool(comparison.applied) and not ours)
            comparison.note(name, describe(gone), None, kind)
    return tuple(wanted), tuple(written)


def _activity(
    comparison: _Comparison, schedule: Schedule, found: Schedule, *, declared_off: bool
) -> Schedule:
    """Whether a schedule will be on: the policy's wish, unless a person has switched it."""
    name = f"schedules.{schedule.slug}.active"
    if schedule.active == found.active:
        return schedule
    last = comparison.applied.get(name)
    if schedule.active:
        if last == "1":
            comparison.keep(name, False, True, "paused by hand since the last apply")
            return replace(schedule, active=False)
        if last is None and not comparison.applied and not declared_off:
            comparison.keep(name, False, True, "paused before flowlift took the deployment over")
            return replace(schedule, active=False)
    by_hand = last == str(int(schedule.active))
    if by_hand and comparison.policy.on_drift == "keep":
        comparison.keep(name, found.active, schedule.active, "switched by hand")
        return replace(schedule, active=found.active)
    kind: ReasonKind = "drift" if by_hand else "policy" if comparison.applied else "adopt"
    comparison.note(name, found.active, schedule.active, kind)
    return schedule


def _compare_triggers(comparison: _Comparison) -> tuple[Mapping[str, Json], ...]:
    desired, live = comparison.desired.triggers, comparison.live.triggers
    if live is None or list(desired) == list(live):
        return desired
    left = list(live)
    written = []
    switched: dict[int, bool] = {}
    for trigger in desired:
        found = next((one for one in left if one.get("name") == trigger["name"]), None)
        enabled = trigger["enabled"]
        if found is not None:
            left.remove(found)
            enabled = switched[id(found)] = _enabled(comparison, trigger, found)
        written.append({**trigger, "enabled": enabled})

    known, want = trigger_contents(live), trigger_contents(desired)
    if known == want:
        return tuple(written)
    drifted = comparison.drifted("triggers", known) if known or want else False
    ours = comparison.unchanged_by_us("triggers", want)
    if drifted and ours and comparison.policy.on_drift == "keep":
        comparison.keep("triggers", known, want, "changed by hand since the last apply")
        return tuple({**t, "enabled": switched.get(id(t), t.get("enabled"))} for t in live)
    kind = comparison.kind("triggers", drifted=drifted and ours)
    before = {str(t.get("name")): t for t in known}
    after = {str(t.get("name")): t for t in want}
    comparison.note("triggers", before, after, kind)
    return tuple(written)


def _enabled(
    comparison: _Comparison, trigger: Mapping[str, Json], found: Mapping[str, Json]
) -> bool:
    """Whether an automation will be on: as `_activity` has it for a schedule."""
    want, have = bool(trigger["enabled"]), bool(found.get("enabled"))
    name = f"triggers.{trigger['name']}.enabled"
    if want == have:
        return want
    last = comparison.applied.get(name)
    if want:
        if last == "1":
            comparison.keep(name, False, True, "disabled by hand since the last apply")
            return False
        declared_off = trigger["name"] in comparison.desired.trigger_pauses
        if not comparison.applied and not declared_off:
            comparison.keep(name, False, True, "disabled before flowlift took the deployment over")
            return False
    by_hand = last == str(int(want))
    if by_hand and comparison.policy.on_drift == "keep":
        comparison.keep(name, have, want, "switched by hand")
        return have
    comparison.note(name, have, want, comparison.kind("triggers.enabled", drifted=by_hand))
    return want


def _compare_labels(comparison: _Comparison) -> None:
    """Labels that the manifest declares; those of others are never touched."""
    desired, live = comparison.desired.labels, comparison.live.labels
    for key, want in desired.items():
        if live.get(key) != want:
            name = f"labels.{key}"
            drifted = comparison.drifted(name, live.get(key))
            comparison.note(name, live.get(key), want, comparison.kind("labels", drifted=drifted))
    for key in _dropped_labels(comparison.desired, comparison.live):
        comparison.note(f"labels.{key}", live[key], None, "manifest")


def _dropped_labels(desired: Desired, live: Live) -> list[str]:
    """Labels that the manifest declared when it was last applied, and no longer does."""
    applied = stamps.applied(live)
    return [key for key in live.labels if f"labels.{key}" in applied and key not in desired.labels]


def _rest(content: Mapping[str, Json]) -> dict[str, Json]:
    return {
        key: value for key, value in content.items() if key != "timing" and value not in (None, {})
    }


def written(action: Action, effective: Desired, live: Live | None) -> dict[str, Any]:
    """What a change needs to be written, and the fingerprint of all that."""
    content = [
        action.value,
        effective.body,
        [(s.slug, describe(s)) for s in effective.schedules],
        [dict(t) for t in effective.triggers],
        dict(effective.labels),
        _live_content(live),
    ]
    return {
        "deployment": effective.key,
        "file": effective.declared.at.file,
        "line": effective.declared.at.line,
        "fingerprint": digest(content),
        "desired": effective,
        "live": live,
    }


def _labels(
    wanted: Desired, live: Live | None, provenance: Provenance, tool_version: str
) -> dict[str, str | int | float | bool]:
    """The stamp of what was wanted, kept values aside, with the labels that others have set."""
    applied = stamps.digests(wanted.body, wanted.schedules, wanted.triggers)
    applied |= {f"labels.{key}": digest(value) for key, value in wanted.labels.items()}
    stamp = stamps.stamp(provenance, tool_version, applied, code=wanted.code, source=wanted.source)
    others = stamps.foreign(live.labels) if live else {}
    dropped = _dropped_labels(wanted, live) if live else []
    kept = {key: value for key, value in others.items() if key not in dropped}
    return {**kept, **wanted.labels, **stamp}


def _live_content(live: Live | None) -> Json:
    if live is None:
        return None
    return [live.id, live.body, [(s.slug, describe(s)) for s in live.schedules]]
