"""Comparing desired with live in three ways."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowlift.findings import Action
from flowlift.plan.diff import compare, create
from flowlift.plan.model import Change, Desired, Live, Policy, Schedule
from tests.parts.plans import declared, desired, flow, live_after, policy, provenance

DAILY = {"cron": "0 6 * * *", "timezone": "Europe/Berlin"}
EVENT = {"expect": ["done"]}
AUTOMATION = "daily__automation_1"


def plan(want: Desired, live: Live, wish: Policy | None = None) -> Change:
    return compare(want, live, wish or policy(), provenance(), "0.1.0")


def applied(want: Desired) -> Live:
    return live_after(create(want, provenance(), "0.1.0"))


def with_schedule(live: Live, **changes: Any) -> Live:
    return replace(live, schedules=(replace(live.schedules[0], **changes),))


def fields(change: Change) -> dict[str, tuple[Any, Any]]:
    return {field.field: (field.before, field.after) for field in change.fields}


def test_plan_after_apply_is_empty() -> None:
    want = desired(declared(schedules=[DAILY], parameters={"rows": 5}, tags=["b", "a"]))
    change = plan(want, applied(want))
    assert change.action is Action.NONE
    assert change.fields == ()
    assert change.reasons == ()


def test_a_new_commit_alone_changes_nothing() -> None:
    want = desired()
    later = provenance().model_copy(update={"commit": "beef" * 10})
    change = compare(want, applied(want), policy(), later, "9.9.9")
    assert change.action is Action.NONE


def test_a_changed_parameter_is_shown_by_its_path() -> None:
    live = applied(desired(declared(parameters={"rows": 5, "nested": {"a": 1, "b": 2}})))
    want = desired(declared(parameters={"rows": 6, "nested": {"a": 1, "b": 3}}))
    change = plan(want, live)
    assert change.action is Action.UPDATE
    assert fields(change) == {"parameters.rows": (5, 6), "parameters.nested.b": (2, 3)}
    assert [reason.kind for reason in change.reasons] == ["manifest"]


def test_true_is_not_the_number_1() -> None:
    live = applied(desired(declared(parameters={"rows": 1, "share": 5})))
    change = plan(desired(declared(parameters={"rows": True, "share": 5.0})), live)
    assert fields(change) == {"parameters.rows": (1, True)}


def test_a_changed_signature_has_the_source_as_its_reason() -> None:
    live = applied(desired())
    schema = {"title": "Parameters", "type": "object", "properties": {}}
    change = plan(desired(code=flow(schema=schema)), live)
    assert [reason.kind for reason in change.reasons] == ["source"]


def test_a_value_changed_by_hand_is_drift_and_is_undone() -> None:
    want = desired(declared(parameters={"rows": 5}))
    live = applied(want)
    live = replace(live, body={**live.body, "parameters": {"rows": 99}})
    change = plan(want, live)
    assert [reason.kind for reason in change.reasons] == ["drift"]
    assert fields(change) == {"parameters.rows": (99, 5)}


def test_a_value_changed_by_hand_is_kept_where_the_policy_says_so() -> None:
    want = desired(declared(parameters={"rows": 5}))
    live = applied(want)
    live = replace(live, body={**live.body, "parameters": {"rows": 99}})
    change = plan(want, live, policy(on_drift="keep"))
    assert change.action is Action.NONE
    assert [kept.field for kept in change.kept] == ["parameters"]


def test_a_kept_value_survives_the_update_of_another_field() -> None:
    first = desired(declared(parameters={"rows": 5}))
    live = applied(first)
    live = replace(live, body={**live.body, "parameters": {"rows": 99}})
    want = desired(declared(parameters={"rows": 5}, tags=["new"]))
    change = plan(want, live, policy(on_drift="keep"))
    assert change.action is Action.UPDATE
    assert change.desired is not None
    assert change.desired.body["parameters"] == {"rows": 99}
    again = plan(want, live_after(change), policy(on_drift="keep"))
    assert again.action is Action.NONE
    assert [kept.field for kept in again.kept] == ["parameters"]


def test_a_schedule_paused_by_hand_stays_paused_through_an_update() -> None:
    first = desired(declared(schedules=[DAILY]), policy(schedules="on"))
    live = with_schedule(applied(first), active=False)
    want = desired(declared(schedules=[DAILY], tags=["new"]), policy(schedules="on"))
    change = plan(want, live, policy(schedules="on"))
    assert change.desired is not None
    assert [schedule.active for schedule in change.desired.schedules] == [False]
    assert change.kept[0].field == "schedules.schedule-1.active"
    assert "paused by hand" in change.kept[0].note
    # ... and through the next one too: what is stamped is what was wanted.
    after = live_after(change)
    more = desired(declared(schedules=[DAILY], tags=["newer"]), policy(schedules="on"))
    again = plan(more, after, policy(schedules="on"))
    assert again.desired is not None
    assert not again.desired.schedules[0].active


def test_a_pause_by_hand_stays_on_its_own_one_of_two_schedules_with_the_same_times() -> None:
    wish = policy(schedules="declared")
    want = desired(declared(schedules=[DAILY, {**DAILY, "active": False}]), wish)
    live = applied(want)
    on, off = live.schedules
    live = replace(live, schedules=(off, replace(on, active=False)))
    change = plan(want, live, wish)
    assert change.action is Action.NONE
    assert [kept.field for kept in change.kept] == [f"schedules.{on.slug}.active"]


def test_a_pause_survives_a_change_of_the_schedules_own_time() -> None:
    live = with_schedule(applied(desired(declared(schedules=[DAILY]))), active=False)
    want = desired(declared(schedules=[{**DAILY, "cron": "0 7 * * *"}]))
    change = plan(want, live)
    assert change.desired is not None
    assert [(s.slug, s.active) for s in change.desired.schedules] == [("schedule-1", False)]
    assert fields(change) == {"schedules.schedule-1.cron": ("0 6 * * *", "0 7 * * *")}


def test_a_schedule_switched_on_by_hand_where_schedules_are_off_is_drift() -> None:
    off = policy("dev", schedules="off")
    want = desired(declared(schedules=[DAILY]), off)
    live = with_schedule(applied(want), active=True)
    change = plan(want, live, off)
    assert fields(change) == {"schedules.schedule-1.active": (True, False)}
    assert [reason.kind for reason in change.reasons] == ["drift"]
    kept = plan(want, live, replace(off, on_drift="keep"))
    assert kept.action is Action.NONE


def test_schedules_go_on_when_the_policy_says_on() -> None:
    live = applied(desired(declared(schedules=[DAILY]), policy(schedules="off")))
    on = policy(schedules="on")
    change = plan(desired(declared(schedules=[{**DAILY, "active": False}]), on), live, on)
    assert fields(change) == {"schedules.schedule-1.active": (False, True)}
    assert [reason.kind for reason in change.reasons] == ["policy"]


def test_reordered_schedules_without_slugs_are_no_change() -> None:
    hourly = {"cron": "0 * * * *"}
    live = applied(desired(declared(schedules=[DAILY, hourly])))
    change = plan(desired(declared(schedules=[hourly, DAILY])), live)
    assert change.action is Action.NONE


def test_an_interval_without_an_anchor_keeps_the_one_that_is_live() -> None:
    want = desired(declared(schedules=[{"interval": 600}]))
    live = applied(want)
    anchored = {**live.schedules[0].timing, "anchor_date": "2026-01-01T00:00:00Z"}
    live = with_schedule(live, timing=anchored)
    assert plan(want, live).action is Action.NONE
    slower = plan(desired(declared(schedules=[{"interval": 900}])), live)
    assert slower.desired is not None
    assert slower.desired.schedules[0].timing["anchor_date"] == "2026-01-01T00:00:00Z"


def test_a_schedule_added_by_hand_is_undone_or_kept() -> None:
    want = desired(declared(schedules=[DAILY]))
    live = applied(want)
    extra = Schedule(slug="by-hand", timing={"cron": "1 1 * * *"}, active=True)
    live = replace(live, schedules=(*live.schedules, extra))
    undone = plan(want, live)
    assert [reason.kind for reason in undone.reasons] == ["drift"]
    kept = plan(want, live, policy(on_drift="keep"))
    assert kept.action is Action.NONE


def with_trigger(live: Live, **changes: Any) -> Live:
    assert live.triggers is not None
    first, *others = live.triggers
    return replace(live, triggers=({**first, **changes}, *others))


def switches(want: Desired | None) -> list[Any]:
    assert want is not None
    return [trigger["enabled"] for trigger in want.triggers]


def test_triggers_are_on_or_off_as_the_policy_says() -> None:
    entry = declared(triggers=[EVENT, {**EVENT, "enabled": False}])
    assert switches(desired(entry)) == [True, False]
    assert switches(desired(entry, policy(triggers="off"))) == [False, False]
    assert switches(desired(entry, policy(triggers="on"))) == [True, True]


def test_a_changed_policy_switches_triggers_and_says_so() -> None:
    off, on = policy(triggers="off"), policy(triggers="on")
    live = applied(desired(declared(triggers=[EVENT]), off))
    assert plan(desired(declared(triggers=[EVENT]), off), live, off).action is Action.NONE
    change = plan(desired(declared(triggers=[EVENT]), on), live, on)
    assert fields(change) == {f"triggers.{AUTOMATION}.enabled": (False, True)}
    assert [reason.kind for reason in change.reasons] == ["policy"]
    assert plan(desired(declared(triggers=[EVENT]), on), live_after(change), on).fields == ()


def test_an_automation_disabled_by_hand_stays_so_through_other_changes() -> None:
    want = desired(declared(triggers=[EVENT]))
    live = with_trigger(applied(want), enabled=False)
    assert plan(want, live).action is Action.NONE
    changed = declared(triggers=[{**EVENT, "expect": ["later"]}])
    change = plan(desired(changed), live)
    assert switches(change.desired) == [False]
    assert [kept.note for kept in change.kept] == ["disabled by hand since the last apply"]
    assert fields(change) == {f"triggers.{AUTOMATION}.trigger.expect": (["done"], ["later"])}
    # ... and through the next one too: what is stamped is what was wanted.
    again = plan(desired(declared(triggers=[EVENT])), live_after(change))
    assert switches(again.desired) == [False]


def test_an_automation_enabled_by_hand_where_triggers_are_off_is_drift() -> None:
    off = policy("dev", triggers="off")
    want = desired(declared(triggers=[EVENT]), off)
    live = with_trigger(applied(want), enabled=True)
    change = plan(want, live, off)
    assert fields(change) == {f"triggers.{AUTOMATION}.enabled": (True, False)}
    assert [reason.kind for reason in change.reasons] == ["drift"]
    kept = plan(want, live, replace(off, on_drift="keep"))
    assert kept.action is Action.NONE
    assert switches(kept.desired) == [True]


def test_one_of_two_triggers_of_a_name_is_paired_with_one_of_them() -> None:
    want = desired(declared(triggers=[{**EVENT, "name": "a"}, {**EVENT, "name": "a"}]))
    change = plan(want, with_trigger(applied(want), enabled=False))
    assert switches(change.desired) == [False, True]
    assert change.action is Action.NONE


def test_an_automation_off_before_flowlift_stays_off_unless_the_manifest_declares_it() -> None:
    on = policy(triggers="on")
    live = replace(applied(desired(declared(triggers=[EVENT]))), labels={})
    live = with_trigger(live, enabled=False)
    assert switches(plan(desired(declared(triggers=[EVENT]), on), live, on).desired) == [False]
    declared_off = desired(declared(triggers=[{**EVENT, "enabled": False}]), on)
    assert switches(plan(declared_off, live, on).desired) == [True]


def test_content_of_a_trigger_changed_by_hand_is_undone_or_kept() -> None:
    want = desired(declared(triggers=[EVENT]))
    live = with_trigger(applied(want), description="mine")
    change = plan(want, live)
    assert fields(change) == {f"triggers.{AUTOMATION}.description": ("mine", "")}
    assert [reason.kind for reason in change.reasons] == ["drift"]
    kept = plan(want, live, policy(on_drift="keep"))
    assert kept.action is Action.NONE
    assert kept.desired is not None
    assert kept.desired.triggers == live.triggers
    off = policy(triggers="off", on_drift="keep")
    switched = plan(desired(declared(triggers=[EVENT]), off), live, off)
    assert fields(switched) == {f"triggers.{AUTOMATION}.enabled": (True, False)}
    assert switched.desired is not None
    assert switched.desired.triggers[0]["description"] == "mine"


def test_an_unstamped_deployment_is_adopted_once() -> None:
    want = desired()
    live = replace(applied(want), labels={"team": "data"})
    change = plan(want, live)
    assert change.action is Action.UPDATE
    assert [reason.kind for reason in change.reasons] == ["adopt"]
    assert change.labels["team"] == "data"
    assert plan(want, live_after(change)).action is Action.NONE


def test_a_pause_from_before_flowlift_is_kept_unless_the_manifest_declares_it() -> None:
    on = policy(schedules="on")
    live = with_schedule(replace(applied(desired(declared(schedules=[DAILY]))), labels={}))
    live = with_schedule(live, active=False)
    kept = plan(desired(declared(schedules=[DAILY]), on), live, on)
    assert kept.desired is not None
    assert not kept.desired.schedules[0].active
    declared_off = plan(desired(declared(schedules=[{**DAILY, "active": False}]), on), live, on)
    assert declared_off.desired is not None
    assert declared_off.desired.schedules[0].active


def test_a_deployment_paused_by_hand_stays_paused() -> None:
    want = desired(declared(paused=False))
    live = applied(want)
    live = replace(live, body={**live.body, "paused": True})
    change = plan(desired(declared(paused=False, tags=["x"])), live)
    assert change.desired is not None
    assert change.desired.body["paused"] is True
    assert [kept.field for kept in change.kept] == ["paused"]


def test_a_label_that_the_manifest_drops_goes_and_those_of_others_stay() -> None:
    live = live_after(
        create(desired(declared(labels={"tier": "gold"})), provenance(), "0.1.0"),
        labels={"theirs": 1},
    )
    change = plan(desired(), live)
    assert fields(change) == {"labels.tier": ("gold", None)}
    assert "tier" not in change.labels
    assert change.labels["theirs"] == 1


@pytest.mark.parametrize("secret", ["hunter2", {"deep": ["hunter2"]}])
def test_a_secret_never_stands_in_a_plan(secret: Any) -> None:
    entry = declared(work_pool={"name": "pool", "job_variables": {"env": {"API_TOKEN": "x"}}})
    want = desired(entry)
    want = replace(
        want,
        body={**want.body, "job_variables": {"env": {"OTHER": secret}}},
        secrets=frozenset({"job_variables.env.OTHER"}),
    )
    shown = create(want, provenance(), "0.1.0").model_dump_json()
    assert "hunter2" not in shown
    changed = plan(want, applied(desired(entry))).model_dump_json()
    assert "hunter2" not in changed


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab{}$ ", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz", min_size=1), inner),
    max_leaves=6,
)
SCHEDULE = st.one_of(
    st.sampled_from(["0 6 * * *", "*/5 * * * *", "0 0 1 * *"]).map(lambda cron: {"cron": cron}),
    st.integers(60, 90).map(lambda seconds: {"interval": seconds}),
).flatmap(
    lambda timing: st.fixed_dictionaries(
        {**{key: st.just(value) for key, value in timing.items()}},
        optional={"active": st.booleans(), "parameters": st.just({"rows": 1})},
    )
)
ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "parameters": st.dictionaries(st.text("pqr", min_size=1), JSON, max_size=3),
        "tags": st.lists(st.text("tuv", min_size=1), max_size=3),
        "description": st.text("de\n", max_size=8),
        "paused": st.booleans(),
        "concurrency_limit": st.none() | st.integers(1, 9),
        "schedules": st.lists(SCHEDULE, max_size=3),
        "labels": st.dictionaries(st.text("kl", min_size=1), st.integers() | st.text("m")),
    },
)


EVERY_FIVE = {"cron": "*/5 * * * *"}


# The same times twice, of which one is off.
@example(
    {"schedules": [{"cron": "0 6 * * *"}, EVERY_FIVE]},
    {"schedules": [EVERY_FIVE, {**EVERY_FIVE, "active": False}]},
    "declared",
)
@given(ENTRY, ENTRY, st.sampled_from(["off", "on", "declared"]))
def test_whatever_is_applied_leaves_nothing_to_do(
    before: dict[str, Any], after: dict[str, Any], schedules: Any
) -> None:
    wish = policy(schedules=schedules)
    live = live_after(create(desired(declared(**before), wish), provenance(), "0.1.0"))
    change = plan(desired(declared(**after), wish), live, wish)
    if change.action is Action.UPDATE:
        live = live_after(change)
    assert plan(desired(declared(**after), wish), live, wish).action is Action.NONE
