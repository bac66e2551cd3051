"""What a stream can show, and what its user wishes."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlift.render.screen import Ink, fit_encoding, screen_of
from tests.parts.terminal import Terminal
from tests.parts.texts import ANY


@pytest.mark.parametrize(
    ("environ", "tty", "colour"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "0"}, False, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_colours_are_for_those_who_want_them(
    environ: dict[str, str], tty: bool, colour: bool
) -> None:
    stream = Terminal() if tty else io.StringIO()
    assert screen_of(stream, environ).colour is colour


def test_the_width_is_the_terminals_or_fits_a_log() -> None:
    assert screen_of(io.StringIO(), {}).width == 120
    assert screen_of(Terminal(), {"COLUMNS": "97"}).width == 97
    assert screen_of(Terminal(), {"COLUMNS": "3"}).width == 40


def test_what_a_stream_has_no_sign_for_is_shown_as_an_escape() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert not screen_of(stream, {}).unicode
    assert fit_encoding("Größe ✓", stream) == "Gr\\xf6\\xdfe \\u2713"


@given(st.text(ANY, max_size=20), st.sampled_from(["ascii", "latin-1", "utf-8", "cp1252"]))
def test_any_text_can_be_written_and_what_has_a_sign_stays(text: str, encoding: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    fitting = fit_encoding(text, stream)
    fitting.encode(encoding)
    if encoding == "utf-8" or text.isascii():
        assert fitting == text


@pytest.mark.parametrize(
    ("encoding", "unicode"),
    [("utf-8", True), ("UTF8", True), ("utf-16", True), ("ascii", False), ("cp1252", False)],
)
def test_a_stream_says_whether_more_than_ascii_can_be_written(encoding: str, unicode: bool) -> None:
    assert screen_of(io.TextIOWrapper(io.BytesIO(), encoding=encoding), {}).unicode is unicode


@pytest.mark.parametrize("asked", ["", "0", "-5", "wide", "8O", "1e3"])
def test_columns_that_are_no_number_are_not_asked_for(asked: str) -> None:
    assert screen_of(io.StringIO(), {"COLUMNS": asked}).width == 120


def test_only_a_terminal_that_obeys_draws_a_line_again() -> None:
    assert screen_of(Terminal(), {}).redraws
    assert not screen_of(Terminal(), {"TERM": "dumb"}).redraws
    assert not screen_of(io.StringIO(), {"FORCE_COLOR": "1"}).redraws


def test_a_colour_ends_where_its_text_ends_and_is_nothing_where_it_is_off() -> None:
    for name in ("red", "green", "yellow", "dim", "bold"):
        shown = getattr(Ink(on=True), name)("x")
        assert shown.startswith("\x1b[")
        assert shown.endswith("mx\x1b[0m")
        assert getattr(Ink(on=False), name)("x") == "x"
