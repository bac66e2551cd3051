"""Reading one entry of a manifest."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from flowlift.errors import Position
from flowlift.plan.entry import EntryReader, Problem
from flowlift.plan.fields import KnownAfterBuild
from flowlift.plan.model import Declared
from flowlift.plan.templates import TemplateValues
from tests.parts.plans import policy


def reader(values: TemplateValues | None = None, **data: Any) -> EntryReader:
    lines: dict[tuple[str | int, ...], int] = {("tags",): 12}
    entry = Declared(data, Position("prefect.yaml", 10), lines)
    return EntryReader.of(entry, policy(), values or TemplateValues())


def test_dates_become_texts_as_prefect_makes_them() -> None:
    entry = reader(day=date(2026, 1, 2), at=[datetime(2026, 1, 2, 3, 4, 5)], key={1: {"a"}})
    assert entry.data == {"day": "2026-01-02", "at": ["2026-01-02T03:04:05"], "key": {"1": ["a"]}}


def test_what_yaml_may_hold_and_json_may_not_becomes_a_text() -> None:
    assert reader(odd=object).data["odd"] == str(object)


def test_a_value_has_its_templates_resolved_and_its_place_noted() -> None:
    entry = reader(TemplateValues(environ={"STAGE": "dev"}), tags=["{{ $STAGE }}"], version="1")
    assert entry.get("tags") == ["dev"]
    assert entry.get("version") == "1"
    assert entry.origins == {"tags": "prefect.yaml:12", "version": "prefect.yaml:10"}


@pytest.mark.parametrize("data", [{}, {"tags": None}])
def test_what_is_absent_or_null_is_the_default_and_comes_from_nowhere(data: Any) -> None:
    entry = reader(**data)
    assert entry.get("tags", ["a"]) == ["a"]
    assert entry.get("tags") is None
    assert entry.origins == {}


@pytest.mark.parametrize("empty", [False, 0, "", [], {}])
def test_what_is_empty_is_said_all_the_same(empty: Any) -> None:
    entry = reader(paused=empty)
    assert entry.get("paused", "default") == empty
    assert entry.origins.keys() == {"paused"}


@pytest.mark.parametrize(
    ("written", "kind", "read"),
    [
        ("yes", bool, True),
        ("OFF", bool, False),
        ("0", bool, False),
        ("5", int, 5),
        ("-5", int, -5),
        (True, bool, True),
        (5, int, 5),
        (5.5, int, 5.5),
        ({"limit": 1}, int, {"limit": 1}),
        ([], bool, []),
    ],
)
def test_a_text_is_read_as_prefect_reads_it_and_anything_else_as_it_is(
    written: Any, kind: type[bool] | type[int], read: Any
) -> None:
    entry = reader(key=written)
    found = entry.coerced("key", kind)
    assert (found, type(found)) == (read, type(read))
    assert entry.problems == []


@pytest.mark.parametrize(
    ("written", "kind"), [("perhaps", bool), ("", bool), ("5.5", int), ("five", int), ("5x", int)]
)
def test_a_text_that_is_none_of_its_kind_is_told_and_left(
    written: str, kind: type[bool] | type[int]
) -> None:
    entry = reader(key=written)
    assert entry.coerced("key", kind) == written
    assert entry.problems == [Problem("wrong-type", f"key cannot be {written!r}", ("key",))]


def test_a_default_is_read_as_well() -> None:
    assert reader().coerced("key", int, "5") == 5
    assert reader().coerced("key", bool) is None


def test_what_a_build_will_tell_is_nothing_to_complain_of() -> None:
    entry = reader(TemplateValues(pending=frozenset({"build"})), paused="{{ build.stop }}")
    assert isinstance(entry.coerced("paused", bool), KnownAfterBuild)
    assert entry.problems == []


@pytest.mark.parametrize("value", [None, "x", [1], 5])
def test_what_is_no_mapping_is_an_empty_one(value: Any) -> None:
    assert reader(work_pool=value).mapping("work_pool") == {}
    assert reader().mapping("work_pool") == {}
    assert reader(work_pool={"name": "{{ $P }}"}).mapping("work_pool") == {"name": "{{ $P }}"}


def test_problems_are_kept_in_their_order_with_their_places() -> None:
    entry = reader()
    entry.problem("tags", "first", "tags", 0)
    entry.problem("sla", "second")
    assert entry.problems == [Problem("tags", "first", ("tags", 0)), Problem("sla", "second", ())]
