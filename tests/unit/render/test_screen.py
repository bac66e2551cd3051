"""What a stream can show, and what its user wishes."""

from __future__ import annotations

import io

import pytest

from flowlift.render.screen import fit_encoding, screen_of
from tests.parts.terminal import Terminal


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
