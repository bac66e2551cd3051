"""One value in words, and a schedule as a sentence."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlift.plan.fields import KnownAfterBuild
from flowlift.render.values import (
    bare,
    below,
    in_words,
    interval_in_words,
    is_list,
    is_schedule,
    on_or_off,
    schedule_times,
)
from tests.parts.texts import ANY

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(ANY, max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(ANY, max_size=4), inner),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null"),
        (True, "true"),
        (0, "0"),
        (1.5, "1.5"),
        ("", '""'),
        ("null", '"null"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("Größe 東京", '"Größe 東京"'),
        ("a\nb\x1b[2J", '"a\\nb\\x1b[2J"'),
        ([], "[]"),
        ((1, "a"), '[1, "a"]'),
        ({}, "{}"),
        (MappingProxyType({"a": [None, {}]}), '{"a": [null, {}]}'),
        ({1: 2, '"': 3}, '{"1": 2, "\\"": 3}'),
    ],
)
def test_a_value_is_json_on_one_line(value: Any, words: str) -> None:
    assert in_words(value) == words


@pytest.mark.parametrize("marker", ["(absent)", "(hidden)", "(known after build)"])
def test_what_stands_instead_of_a_value_has_no_quotes(marker: str) -> None:
    assert in_words(marker) == marker
    assert in_words([marker, f"{marker} "]) == f'[{marker}, "{marker} "]'


def test_what_a_build_will_tell_has_no_quotes() -> None:
    assert in_words({"image": KnownAfterBuild()}) == '{"image": (known after build)}'


@given(JSON)
def test_any_value_prints_on_one_line(value: Any) -> None:
    assert in_words(value).isprintable()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text("ab \"\\'{}[]:,ü", max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab"'), inner),
        max_leaves=6,
    )
)
def test_what_prints_is_read_back_as_it_was(value: Any) -> None:
    assert json.loads(in_words(value)) == value


@pytest.mark.parametrize(
    ("path", "key", "whole"),
    [
        ("", "a", "a"),
        ("a", "b-c_1", "a.b-c_1"),
        ("a", "größe", "a.größe"),
        ("a", "b.c", 'a["b.c"]'),
        ("a", "", 'a[""]'),
        ("", "b c", '["b c"]'),
        ("a", 'x"]', 'a["x\\"]"]'),
        ("a", "\x1b\n", 'a["\\x1b\\n"]'),
    ],
)
def test_a_key_that_is_no_word_is_quoted_in_its_path(path: str, key: str, whole: str) -> None:
    assert below(path, key) == whole


@given(st.text(ANY, max_size=5), st.text(ANY, max_size=5), st.text(ANY, max_size=5))
def test_two_ways_never_have_the_same_path(first: str, second: str, other: str) -> None:
    assert below("p", first).isprintable()
    if second.isprintable() and other.isprintable() and second != other:
        assert below("p", second) != below("p", other)
    assert below(below("p", "a"), "b") != below("p", "a.b")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("2026-01-01T00:00:00+02:00", "2026-01-01T00:00:00+02:00"),
        ("größe", "größe"),
        ("two words", '"two words"'),
        ("", '""'),
        ("a,b", '"a,b"'),
        ("a\x1b", '"a\\x1b"'),
        (None, "null"),
        (5, "5"),
    ],
)
def test_a_word_stands_bare_and_anything_else_in_quotes(value: Any, words: str) -> None:
    assert bare(value) == words


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ({"cron": "0 6 * * *", "timezone": "Europe/Berlin"}, 'cron "0 6 * * *" Europe/Berlin'),
        ({"cron": "x", "timezone": None, "day_or": True}, 'cron "x" UTC'),
        ({"cron": "x", "day_or": False}, 'cron "x" UTC, day of month and of week together'),
        ({"interval": 900.0}, "every 15 minutes UTC"),
        (
            {"interval": 60, "anchor_date": "2026-01-01T00:00:00Z"},
            "every 1 minute UTC from 2026-01-01T00:00:00Z",
        ),
        ({"rrule": "FREQ=DAILY", "timezone": "two words"}, 'rrule "FREQ=DAILY" "two words"'),
        ({"rrule": None, "timezone": "a\x1b"}, 'rrule null "a\\x1b"'),
    ],
)
def test_the_times_of_a_schedule_are_a_sentence(schedule: dict[str, Any], words: str) -> None:
    assert is_schedule(schedule)
    assert schedule_times(schedule) == words


@pytest.mark.parametrize("value", [None, "cron", ["cron"], {}, {"timezone": "UTC"}, 5])
def test_what_has_no_times_is_no_schedule(value: Any) -> None:
    assert not is_schedule(value)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "every 1 second"),
        (1.5, "every 1.5 seconds"),
        (60, "every 1 minute"),
        (5400.0, "every 1 hour 30 minutes"),
        (86_400, "every 1 day"),
        (90_061, "every 1 day 1 hour 1 minute 1 second"),
        (0.5, "every 0.5 seconds"),
        (0, "every 0 seconds"),
        (-60, "every -60 seconds"),
        (True, "every true seconds"),
        ("soon", 'every "soon" seconds'),
        (None, "every null seconds"),
    ],
)
def test_an_interval_is_told_in_its_largest_units(seconds: Any, words: str) -> None:
    assert interval_in_words(seconds) == words


@given(st.integers(1, 10**9))
def test_the_units_of_an_interval_sum_up_to_it(seconds: int) -> None:
    size = {"day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
    words = interval_in_words(seconds).removeprefix("every ").split()
    told = zip(words[::2], words[1::2], strict=True)
    assert sum(int(count) * size[unit.rstrip("s")] for count, unit in told) == seconds


@pytest.mark.parametrize(
    ("active", "word"), [(True, "on"), (False, "off"), (None, "on"), (0, "on"), ("no", "on")]
)
def test_a_schedule_is_on_unless_it_is_off(active: Any, word: str) -> None:
    assert on_or_off(active) == word


@pytest.mark.parametrize(
    ("value", "answer"), [([], True), ((), True), ("ab", False), (b"ab", False), ({}, False)]
)
def test_a_text_is_no_list(value: Any, answer: bool) -> None:
    assert is_list(value) is answer
