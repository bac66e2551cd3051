"""Numbers in words, as every part of flowlift says them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlift.words import and_more, duration, listed, plural


def test_what_is_left_of_a_long_list_is_counted() -> None:
    assert listed(["a", "b"], 2) == "a, b"
    assert listed(["a", "b", "c"], 2) == "a, b and 1 more"
    assert listed([str(number) for number in range(2_001)], 1) == "0 and 2,000 more"
    assert listed([], 2) == ""
    assert listed(["größe"], 0) == " and 1 more"


@given(st.integers(-5, 2_000_000))
def test_nothing_is_said_of_nothing_left(left: int) -> None:
    said = and_more(left)
    assert bool(said) == (left > 0)
    assert said == "" or int(said.removeprefix(" and ").removesuffix(" more").replace(",", "")) == (
        left
    )


def test_a_noun_follows_its_count() -> None:
    assert [plural(count, "change") for count in (0, 1, 1_200)] == [
        "0 changes",
        "1 change",
        "1,200 changes",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.00 s"),
        (0.084, "0.08 s"),
        (0.999, "1.00 s"),
        (1, "1.0 s"),
        (12.34, "12.3 s"),
        (59.94, "59.9 s"),
        (59.97, "1 min 00 s"),
        (119.6, "2 min 00 s"),
        (125, "2 min 05 s"),
        (7_265, "121 min 05 s"),
    ],
)
def test_a_duration_is_as_exact_as_it_is_short(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@given(st.floats(0, 100_000))
def test_a_duration_is_told_to_the_second_or_better(seconds: float) -> None:
    minutes, _, rest = duration(seconds).removesuffix(" s").rpartition(" min ")
    assert abs(int(minutes or 0) * 60 + float(rest) - seconds) <= (0.501 if minutes else 0.051)
    assert float(rest) <= 60
