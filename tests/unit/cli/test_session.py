"""What commands share: how they find the project, and how they print."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from flowlift.cli import session

Capture = pytest.CaptureFixture[str]


def test_a_project_is_opened_with_this_process_s_environment(monkeypatch: pytest.MonkeyPatch):
    opened: list[Any] = []

    def open_project(directory: Path, environ: Any, *, branch: Any, base: Any) -> str:
        opened.append((directory, environ["OWN"], branch, base))
        return "project"

    monkeypatch.setenv("OWN", "1")
    monkeypatch.setattr("flowlift.project.project.open_project", open_project)
    project: object = session.open_here(Path("there"), "feat/a", "main")
    assert project == "project"
    assert opened == [(Path("there"), "1", "feat/a", "main")]


@pytest.mark.parametrize(
    ("out", "into", "expected"),
    [(True, True, True), (True, False, False), (False, True, False)],
)
def test_a_person_is_there_only_where_both_ends_are_a_terminal(
    monkeypatch: pytest.MonkeyPatch, out: bool, into: bool, expected: bool
):
    monkeypatch.setattr("sys.stdout.isatty", lambda: out, raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: into, raising=False)
    assert session.on_terminal() is expected


def test_lines_for_a_person_leave_standard_output_to_the_result(capsys: Capture):
    session.say("a line")
    session.print_json({"a": 1})
    told = capsys.readouterr()
    assert told.err == "a line\n"
    assert told.out == '{\n  "a": 1\n}\n'


def test_colours_stay_where_they_are_wished_for(capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    session.show(lambda on: "\x1b[31mred\x1b[0m" if on.colour else "plain")
    monkeypatch.setenv("NO_COLOR", "1")
    session.show(lambda on: "\x1b[31mred\x1b[0m" if on.colour else "plain")
    assert capsys.readouterr().out == "\x1b[31mred\x1b[0mplain"


def test_what_a_stream_has_no_sign_for_is_an_escape(monkeypatch: pytest.MonkeyPatch):
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    session.show(lambda on: "größe")
    sys.stdout.flush()
    assert raw.getvalue() == b"gr\\xf6\\xdfe"


@pytest.mark.parametrize("err", [True, False])
def test_what_is_rendered_goes_where_it_is_asked_to(capsys: Capture, err: bool):
    session.show(lambda on: f"width {on.width > 0}\n", err=err)
    told = capsys.readouterr()
    assert (told.err if err else told.out) == "width True\n"
    assert (told.out if err else told.err) == ""


@dataclass
class Part:
    name: str


@dataclass
class Whole:
    parts: tuple[Part, ...]
    at: datetime


def test_data_has_a_form_in_json_however_deep_it_lies(capsys: Capture):
    moment = datetime(2026, 1, 1, tzinfo=timezone.utc)
    session.print_json([Whole((Part("a"),), moment)])
    assert json.loads(capsys.readouterr().out) == [
        {"parts": [{"name": "a"}], "at": "2026-01-01T00:00:00+00:00"}
    ]


def test_what_json_has_no_form_for_is_a_fault(capsys: Capture):
    with pytest.raises(TypeError, match="no object"):
        session.print_json(object())
    session.print_json({"a": Path("b")}, default=str)
    assert json.loads(capsys.readouterr().out) == {"a": "b"}
