"""What a command tells a person goes to standard error, in the order in which it happens."""

from __future__ import annotations

import pytest

from flowlift.cli.voice import TerminalVoice
from flowlift.findings import finding


def test_lines_steps_and_findings_leave_standard_output_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    voice = TerminalVoice()
    voice.say("Downloading helm")
    voice.step("running in dev")
    voice.advance(1, 3, "ingest/daily")
    voice.found([finding("pull-secret", "No secret 'k'.", "Make it.")])
    told = capsys.readouterr()
    assert told.out == ""
    # In a log, how far a step is comes every ten seconds.
    assert told.err.splitlines()[:2] == ["Downloading helm", "running in dev"]
    assert "No secret 'k'." in told.err
    assert "ingest/daily" not in told.err


def test_no_findings_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    TerminalVoice().found(())
    assert capsys.readouterr() == ("", "")
