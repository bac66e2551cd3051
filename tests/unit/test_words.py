"""Numbers in words, as every part of flowlift says them."""

from __future__ import annotations

import pytest

from flowlift.words import duration, listed, plural


def test_what_is_left_of_a_long_list_is_counted() -> None:
    assert listed(["a", "b"], 2) == "a, b"
    assert listed(["a", "b", "c"], 2) == "a, b and 1 more"
    assert listed([str(number) for number in range(2_001)], 1) == "0 and 2,000 more"
    assert listed([], 2) == ""


def test_a_noun_follows_its_count() -> None:
    assert [plural(count, "change") for count in (0, 1, 1_200)] == [
        "0 changes",
        "1 change",
        "1,200 changes",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.084, "0.08 s"), (12.34, "12.3 s"), (59.97, "1 min 00 s"), (125, "2 min 05 s")],
)
def test_a_duration_is_as_exact_as_it_is_short(seconds: float, words: str) -> None:
    assert duration(seconds) == words
