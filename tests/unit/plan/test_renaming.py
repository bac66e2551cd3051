"""A deployment under a new name: which it is, and what its old self takes along."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flowlift.findings import Action
from flowlift.plan import stamps
from flowlift.plan.diff import compare, create
from flowlift.plan.model import Desired, Live
from flowlift.plan.renaming import create_renamed, renames
from tests.parts.plans import declared, desired, live_after, policy, provenance


def wanted(name: str, **data: Any) -> Desired:
    return desired(declared(name, **data))


def live(name: str, **data: Any) -> Live:
    return live_after(create(wanted(name, **data), provenance(), "0.1.0"))


def test_the_same_in_everything_but_the_name_is_a_rename() -> None:
    news = [wanted("b", parameters={"rows": 1}), wanted("c", parameters={"rows": 2})]
    olds = [live("y", parameters={"rows": 2}), live("x", parameters={"rows": 1})]
    assert renames(news, olds) == {"ingest/b": "ingest/x", "ingest/c": "ingest/y"}


def test_the_only_one_of_its_code_is_a_rename_though_its_values_are_others() -> None:
    assert renames([wanted("b", parameters={"rows": 1})], [live("a")]) == {"ingest/b": "ingest/a"}


def test_where_two_can_be_meant_none_is() -> None:
    news = [wanted("b", parameters={"rows": 1}), wanted("c", parameters={"rows": 2})]
    assert renames(news, [live("a", parameters={"rows": 3})]) == {}
    assert renames([wanted("b")], [live("x"), live("y")]) == {}


def test_another_flow_or_other_code_is_another_deployment() -> None:
    other = live("a", entrypoint="src/flows/other.py:other")
    assert renames([wanted("b")], [other, replace(live("a"), flow="other")]) == {}


def test_nothing_on_one_side_is_no_rename() -> None:
    assert renames([], [live("a")]) == {}
    assert renames([wanted("b")], []) == {}


SCHEDULES = [{"cron": "0 6 * * *"}, {"cron": "0 7 * * *"}]


def test_what_is_paused_by_hand_stays_so_and_is_no_change_afterwards() -> None:
    old = live("a", schedules=SCHEDULES)
    first, second = old.schedules
    old = replace(
        old,
        body={**old.body, "paused": True},
        schedules=(first, replace(second, active=False)),
    )
    made = create_renamed(wanted("b", schedules=SCHEDULES), old, provenance(), "0.1.0")
    assert made.action is Action.CREATE
    assert made.desired is not None
    assert made.desired.body["paused"] is True
    assert [s.active for s in made.desired.schedules] == [True, False]
    assert [kept.field for kept in made.kept] == ["paused", f"schedules.{second.slug}.active"]
    again = compare(
        wanted("b", schedules=SCHEDULES), live_after(made), policy(), provenance(), "0.1.0"
    )
    assert again.action is Action.NONE
    assert [kept.field for kept in again.kept] == ["paused", f"schedules.{second.slug}.active"]


def test_a_trigger_that_a_person_has_disabled_stays_so() -> None:
    trigger = {"expect": ["a.b"], "match": {"x": "y"}}
    old = live("a", triggers=[trigger])
    assert old.triggers
    off = replace(old, triggers=({**old.triggers[0], "enabled": False},))
    made = create_renamed(wanted("b", triggers=[trigger]), off, provenance(), "0.1.0")
    assert made.desired is not None
    assert [one["enabled"] for one in made.desired.triggers] == [False]
    never = replace(off, labels={**off.labels, stamps.APPLIED: ""})
    made = create_renamed(wanted("b", triggers=[trigger]), never, provenance(), "0.1.0")
    assert made.desired is not None
    assert [one["enabled"] for one in made.desired.triggers] == [True]


def test_without_a_hand_it_is_a_creation_like_any() -> None:
    made = create_renamed(wanted("b", schedules=SCHEDULES), live("a"), provenance(), "0.1.0")
    plain = create(wanted("b", schedules=SCHEDULES), provenance(), "0.1.0")
    assert made == plain
