"""How the fields of a deployment are compared."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlift.plan.fields import (
    DEFAULTS,
    FIELDS,
    KnownAfterBuild,
    comparable,
    digest,
    is_known,
    schedule_content,
)
from flowlift.plan.model import Schedule
from tests.parts.texts import ANY

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(ANY, max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(ANY, max_size=3), inner),
    max_leaves=6,
)


def test_a_value_that_a_build_will_tell_is_told_from_a_text_that_says_so() -> None:
    unknown = KnownAfterBuild()
    assert unknown == "(known after build)"
    assert isinstance(unknown, str)
    assert not is_known(unknown)
    assert is_known("(known after build)")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda value: value,
        lambda value: [1, value],
        lambda value: (value,),
        lambda value: {"a": {"b": [{"c": value}]}},
    ],
)
def test_one_unknown_part_makes_the_whole_unknown(wrap: Any) -> None:
    assert not is_known(wrap(KnownAfterBuild()))
    assert is_known(wrap("text"))


@pytest.mark.parametrize("empty", [None, [], {}, "", 0])
def test_nothing_is_known(empty: Any) -> None:
    assert is_known(empty)


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_that_is_not_sent_is_what_the_server_holds(field: str) -> None:
    assert comparable(field, None) == DEFAULTS.get(field)
    assert comparable(field, DEFAULTS.get(field)) == DEFAULTS.get(field)


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [
        ("tags", ["b", "a", "b"], ["a", "b"]),
        ("tags", [1, "a"], ["a", "1"]),
        ("concurrency_options", {"collision_strategy": None}, None),
        (
            "concurrency_options",
            {"collision_strategy": "ENQUEUE", "grace_period_seconds": None},
            {"collision_strategy": "ENQUEUE"},
        ),
    ],
)
def test_what_the_server_holds_for_both_is_equal(field: str, one: Any, other: Any) -> None:
    assert comparable(field, one) == comparable(field, other)


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [
        ("tags", ["a"], ["A"]),
        ("parameters", {"a": None}, {}),
        ("parameters", {"a": [1, 2]}, {"a": [2, 1]}),
        ("description", "", None),
        ("concurrency_options", {"collision_strategy": "ENQUEUE"}, None),
        ("concurrency_options", {"grace_period_seconds": 0}, None),
        ("pull_steps", [{"a": {}}], []),
    ],
)
def test_what_is_more_than_a_way_of_saying_it_stays_different(
    field: str, one: Any, other: Any
) -> None:
    assert comparable(field, one) != comparable(field, other)


@given(st.lists(st.text(ANY, max_size=4)), st.randoms(use_true_random=False))
def test_the_order_of_tags_is_no_difference(tags: list[str], order: random.Random) -> None:
    shuffled = [*tags]
    order.shuffle(shuffled)
    assert comparable("tags", shuffled) == comparable("tags", tags)
    assert comparable("tags", comparable("tags", tags)) == comparable("tags", tags)


def test_comparing_leaves_a_value_as_it_is() -> None:
    value = {"collision_strategy": "ENQUEUE", "grace_period_seconds": None}
    before = copy.deepcopy(value)
    comparable("concurrency_options", value)
    assert value == before


@given(JSON)
def test_a_digest_is_the_same_for_equal_values_in_any_order_of_keys(value: Any) -> None:
    def reversed_keys(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: reversed_keys(part[key]) for key in reversed(part)}
        return [reversed_keys(inner) for inner in part] if isinstance(part, list) else part

    found = digest(value)
    assert digest(reversed_keys(value)) == found
    assert len(found) == 8
    assert set(found) <= set("0123456789abcdef")


@given(st.lists(JSON, min_size=2, max_size=2))
def test_values_that_differ_as_json_have_different_digests(pair: list[Any]) -> None:
    one, other = pair
    equal = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (digest(one) == digest(other)) == equal


@pytest.mark.parametrize(
    ("one", "other"), [(1, "1"), (1, True), (1, 1.0), (None, "null"), ([], {}), ("", None)]
)
def test_a_digest_tells_types_apart(one: Any, other: Any) -> None:
    assert digest(one) != digest(other)


def test_what_a_digest_is_stays_as_labels_hold_it() -> None:
    assert digest({"größe": ["東京", 1, None]}) == "ed1bf98a"


def test_a_schedules_content_leaves_out_its_slug_and_whether_it_is_on() -> None:
    timing = {"interval": 600, "anchor_date": "2026-01-01T00:00:00Z"}
    one = Schedule("a", timing, active=True, parameters={"rows": 1}, max_scheduled_runs=2)
    other = Schedule("b", timing, active=False, parameters={"rows": 1}, max_scheduled_runs=2)
    assert schedule_content(one) == schedule_content(other)
    assert schedule_content(one) == {
        "timing": timing,
        "parameters": {"rows": 1},
        "max_scheduled_runs": 2,
    }


def test_an_anchor_is_left_out_where_it_was_inherited() -> None:
    anchored = Schedule(None, {"interval": 600, "anchor_date": "2026-01-01T00:00:00Z"}, active=True)
    plain = Schedule(None, {"interval": 600}, active=True)
    assert schedule_content(anchored) != schedule_content(plain)
    assert schedule_content(anchored, anchored=False) == schedule_content(plain)
    assert "anchor_date" in anchored.timing
