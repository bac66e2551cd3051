"""Progress on long work."""

from __future__ import annotations

import io

import pytest

from flowlift.render.progress import Progress
from tests.parts.terminal import Terminal


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_terminal_gets_one_line_that_is_drawn_again_and_then_goes() -> None:
    stream, clock = Terminal(), Clock()
    with Progress(stream, environ={"COLUMNS": "80"}, clock=clock) as progress:
        progress.step("applying to dev")
        clock.now = 0.2
        progress.advance(1, 50, "ingest/daily")
        clock.now = 0.25
        progress.advance(2, 50, "too soon to be drawn")
        progress.advance(50, 50)
    drawn = stream.getvalue().split("\r\x1b[K")
    assert drawn == [
        "",
        "applying to dev",
        "applying to dev: 1 of 50  ingest/daily",
        "applying to dev: 50 of 50",
        "",
    ]


def test_a_log_gets_quiet_lines_without_any_escape() -> None:
    stream, clock = io.StringIO(), Clock()
    with Progress(stream, environ={}, clock=clock) as progress:
        progress.step("reading the workspace")
        progress.step("applying to dev")
        for second in range(25):
            clock.now = float(second)
            progress.advance(second, 25)
    assert stream.getvalue() == (
        "reading the workspace\napplying to dev\napplying to dev: 10 of 25\n"
        "applying to dev: 20 of 25\n"
    )


def test_a_line_never_wraps_and_shows_names_harmlessly() -> None:
    stream = Terminal()
    with Progress(stream, environ={"COLUMNS": "60"}) as progress:
        progress.step("running \x1b[2J" + "x" * 200)
    line = stream.getvalue().split("\r\x1b[K")[1]
    assert len(line) < 60
    assert "\x1b" not in line
    assert "characters)" in line


def test_what_is_printed_above_does_not_mix_with_the_drawn_line() -> None:
    stream = Terminal()
    with Progress(stream, environ={}) as progress:
        progress.step("applying")
        with progress.above():
            stream.write("+ created a/b\n")
    assert stream.getvalue() == ("\r\x1b[Kapplying\r\x1b[K+ created a/b\n\r\x1b[Kapplying\r\x1b[K")


def test_the_line_goes_also_when_the_work_fails() -> None:
    stream = Terminal()
    with pytest.raises(ValueError, match="work"), Progress(stream, environ={}) as progress:
        progress.step("applying")
        raise ValueError("work")
    assert stream.getvalue().endswith("\r\x1b[K")


def test_a_reader_that_has_left_does_not_stop_the_work() -> None:
    class Gone(Terminal):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with Progress(Gone(), environ={}) as progress:
        progress.step("applying")
        progress.advance(1, 1)


def test_a_stream_without_unicode_gets_escapes_instead_of_a_crash() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    with Progress(stream, environ={}) as progress:
        progress.step("Größe")
