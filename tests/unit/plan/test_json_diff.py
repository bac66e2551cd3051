"""What counts as a difference between two JSON values, and at which places it is told."""

from __future__ import annotations

import math
from typing import Any, get_args

import pytest

from flowlift.findings import FieldChange
from flowlift.plan.json_diff import ABSENT, Numbers, differences, field_changes, same

ALL = frozenset(get_args(Numbers))
BIG = 2**53


@pytest.mark.parametrize(
    ("one", "other", "same_for"),
    [
        ({"a": 1, "b": [None]}, {"b": [None], "a": 1}, ALL),
        ([1], (1,), ALL),
        (math.nan, math.nan, ALL),
        # A server gives 600.0 back for an interval of 600; a file was changed where it says so.
        (5, 5.0, {"by value", "as doubles"}),
        # Helm may keep a number as a double; an identifier in a parameter is another one.
        (BIG, BIG + 1, {"as doubles"}),
        (BIG * 1024 - 1, 9.223372036854776e18, {"as doubles"}),
        # What Python has for equal is not the same to a flow.
        (True, 1, set()),
        ([True], [1], set()),
        ({"a": 0}, {"a": False}, set()),
        ({"a": None}, {}, set()),
        ("1", 1, set()),
        (0, None, set()),
        ([1], [1, 2], set()),
        ([], {}, set()),
    ],
)
def test_what_is_the_same_is_so_for_some_or_for_nobody(one: Any, other: Any, same_for: Any) -> None:
    assert {numbers for numbers in ALL if same(one, other, numbers)} == same_for
    assert {numbers for numbers in ALL if same([{"a": other}], [{"a": one}], numbers)} == same_for
    told = {numbers for numbers in ALL if list(differences(one, other, numbers=numbers))}
    assert told == ALL - same_for


def test_each_place_is_told_by_itself_the_keys_of_before_first() -> None:
    before = {"a": {"b": 1, "gone": None}, "list": [{"x": 1}, 2]}
    after = {"new": 0, "a": {"b": 2}, "list": [{"x": 1}, 3]}
    assert list(differences(before, after)) == [
        ("a.b", 1, 2),
        ("a.gone", None, ABSENT),
        ("list[1]", 2, 3),
        ("new", ABSENT, 0),
    ]
    assert next(differences(before, after, "p"))[0] == "p.a.b"


def test_a_list_of_scalars_is_told_item_by_item_or_as_a_whole() -> None:
    assert list(differences(["a", "b"], ["a", "c"], "tags")) == [("tags[1]", "b", "c")]
    whole = differences(["a", "b"], ["a", "c"], "tags", whole_lists=True)
    assert list(whole) == [("tags", ["a", "b"], ["a", "c"])]
    steps = differences([{"n": 1}, "b"], [{"n": 2}, "c"], "steps", whole_lists=True)
    assert [place for place, _, _ in steps] == ["steps[0].n", "steps[1]"]
    assert list(differences(["a"], ["a", "b"], "tags")) == [("tags", ["a"], ["a", "b"])]


def test_a_worker_s_changes_hide_secrets_and_have_nothing_where_a_key_is_absent() -> None:
    assert field_changes({"token": "hunter2"}, {"rows": 1}, "values") == (
        FieldChange("values.token", "(hidden)", None),
        FieldChange("values.rows", None, 1),
    )
    assert field_changes(1, 2) == (FieldChange("(whole)", 1, 2),)
    assert field_changes(BIG, BIG + 1, numbers="as doubles") == ()
