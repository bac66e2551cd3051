"""The one error boundary: what a user reads when something is wrong, and the exit code."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import click
import pytest

from flowlift.cli.boundary import INTERRUPTED, run
from flowlift.errors import FindingsError, FlowliftError, InputError, Position, UnreachableError

Capture = pytest.CaptureFixture[str]


def ending(how: object) -> click.Command:
    """A command that ends so: it raises an error, or gives a value."""

    @click.command()
    def command() -> object:
        if isinstance(how, BaseException):
            raise how
        return how

    return command


@pytest.mark.parametrize(
    ("how", "code", "said"),
    [
        (None, 0, ""),
        (0, 0, ""),
        (3, 3, ""),
        ("text", 0, ""),
        (FlowliftError("It broke."), 1, "Error: It broke.\n"),
        (
            InputError("No such file.", remedy="Give one.\nOr two.", at=Position("a.toml", 3)),
            2,
            "Error: a.toml:3: No such file.\n  Give one.\n  Or two.\n",
        ),
        (UnreachableError("Nothing answers."), 1, "Error: Nothing answers.\n"),
        # What it is about has been shown already.
        (FindingsError(""), 2, ""),
        # A terminal shows ^C without ending the line.
        (KeyboardInterrupt(), INTERRUPTED, "\nInterrupted.\n"),
        (click.Abort(), INTERRUPTED, "Interrupted.\n"),
        (click.exceptions.Exit(7), 7, ""),
        (click.ClickException("No."), 1, "Error: No.\n"),
        (click.FileError("a", "gone"), 1, "Error: Could not open file 'a': gone\n"),
    ],
)
def test_each_end_has_its_exit_code_and_its_words(
    how: object, code: int, said: str, capsys: Capture
):
    assert run(ending(how), []) == code
    assert capsys.readouterr() == ("", said)


def test_wrong_usage_ends_with_2_and_says_how_it_is_used(capsys: Capture):
    assert run(ending(None), ["--bogus"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "Usage: " in told.err
    assert "--bogus" in told.err


def test_a_fault_of_flowlift_goes_to_a_file_that_only_its_user_can_read(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run(ending(ZeroDivisionError("the secret")), []) == 1
    told = capsys.readouterr()
    (log,) = tmp_path.iterdir()
    assert told.err.startswith("Error: flowlift has a fault: ZeroDivisionError.\n")
    assert str(log) in told.err
    assert "the secret" not in told.err
    assert "Traceback" not in told.err
    assert "ZeroDivisionError: the secret" in log.read_text()
    assert re.fullmatch(r"flowlift-.*\.log", log.name)
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_reader_that_has_left_ends_it_quietly(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with (tmp_path / "out").open("w") as out:
        monkeypatch.setattr("sys.stdout", out)
        assert run(ending(BrokenPipeError()), []) == 1
    assert capfd.readouterr().err == ""
