"""Text of others on a screen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlift.render.visible import cells, cut, cut_pair, visible
from tests.parts.texts import ANY


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("load-orders/daily", "load-orders/daily"),
        ("Größe 東京", "Größe 東京"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x9b2J", "\\x9b2J"),
        ("ab\u202edc\u200b", "ab\\u202edc\\u200b"),
        ("no\u00a0break", "no\\xa0break"),
        ("\U000e0041", "\\U000e0041"),
        ("\udcff", "\\udcff"),
    ],
)
def test_what_does_not_print_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(ANY))
def test_everything_shown_prints_and_can_be_written(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    shown.encode()


def test_wide_and_combining_characters_take_the_columns_that_a_terminal_gives_them() -> None:
    assert cells("abc") == 3
    assert cells("東京") == 4
    assert cells("e\u0301") == 1


def test_a_long_text_is_cut_with_a_count() -> None:
    shown = cut('"' + "x" * 100 + '"', 60)
    assert shown == '"' + "x" * 37 + '..." (+63 characters)'
    assert cut("short", 60) == "short"


@given(st.text(st.characters(categories=("L", "N", "P")), max_size=200), st.integers(40, 120))
def test_a_cut_text_fits(text: str, room: int) -> None:
    assert cells(cut(text, room)) <= room


@given(
    st.text(st.characters(categories=("L", "N")), max_size=300),
    st.text(st.characters(categories=("L", "N")), min_size=1, max_size=3),
    st.text(st.characters(categories=("L", "N")), max_size=300),
    st.integers(40, 120),
)
def test_two_cut_values_still_differ(head: str, middle: str, tail: str, room: int) -> None:
    before, after = f'"{head}{middle}{tail}"', f'"{head}-{tail}"'
    shown = cut_pair(before, after, room)
    assert shown[0] != shown[1]
    assert all(cells(text) <= room for text in shown)
