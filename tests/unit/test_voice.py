"""The one interface through which everything is told."""

from __future__ import annotations

import inspect

from flowlift.findings import Action, finding
from flowlift.plan.model import Change
from flowlift.voice import SILENT, Voice
from tests.parts.example_plans import ORDERS, merge
from tests.parts.voices import RecordingVoice

CALLS = {name for name, _ in inspect.getmembers(Voice, inspect.isfunction) if name[0] != "_"}
FOUND = finding("trigger", "No such event.", "Correct it.")


def tell_all(voice: Voice) -> bool:
    """Call each method once, in the order of their names."""
    voice.advance(1, 2, "a/b")
    said = voice.confirm(merge())
    voice.found([FOUND])
    voice.planned(merge())
    voice.say("a line")
    voice.step("building: run_shell_script")
    voice.waiting("ben@laptop")
    voice.written(ORDERS, 0.5)
    return said


def test_by_itself_it_is_silent_and_agrees(capsys):
    assert tell_all(SILENT) is True
    assert capsys.readouterr() == ("", "")


def test_what_it_hears_is_passed_on_word_for_word():
    voice = RecordingVoice()
    assert tell_all(Voice(voice)) is True
    assert voice.heard == sorted(CALLS)
    assert voice.lines == ["a line"]
    assert voice.steps == ["building: run_shell_script"]
    assert voice.progress == [(1, 2, "a/b")]
    assert voice.holders == ["ben@laptop"]
    assert voice.findings == [FOUND]
    assert (voice.plans, voice.changes, voice.seconds) == ([merge()], [ORDERS], [0.5])


def test_a_no_is_passed_back():
    assert tell_all(Voice(Voice(RecordingVoice(yes=False)))) is False


def test_one_that_overrides_a_method_passes_on_the_rest():
    class Loud(Voice):
        def say(self, line: str) -> None:
            super().say(line.upper())

    voice = RecordingVoice()
    change = Change(action=Action.NONE, deployment="a/b")
    loud = Loud(voice)
    loud.say("done")
    loud.written(change, 1.0)
    assert (voice.lines, voice.changes) == (["DONE"], [change])
