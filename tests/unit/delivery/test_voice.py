"""What a delivery's report keeps of what is told."""

from __future__ import annotations

import pytest

from flowlift.delivery.deciding import Step
from flowlift.delivery.voice import DeliveryVoice, Noting
from flowlift.deployments.applying import Applied
from flowlift.findings import finding
from tests.parts.example_plans import merge, nothing_to_do
from tests.parts.voices import RecordingVoice


def test_what_is_found_and_the_newest_plan_are_noted_and_passed_on() -> None:
    voice = RecordingVoice(yes=False)
    noting = Noting(voice)
    first, second = (finding("trigger", text, "") for text in ("first", "second"))
    noting.found([first])
    noting.found([second])
    noting.planned(merge())
    noting.planned(nothing_to_do())
    noting.say("a line")
    assert noting.findings == voice.findings == [first, second]
    assert noting.plan == nothing_to_do()
    assert voice.plans == [merge(), nothing_to_do()]
    assert voice.lines == ["a line"]
    assert not noting.confirm(merge())


def test_nothing_told_nothing_noted() -> None:
    noting = Noting(RecordingVoice())
    assert (noting.plan, noting.findings) == (None, [])


def test_by_itself_it_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    voice = DeliveryVoice()
    voice.begun(Step("worker", "update", "dev", ""))
    voice.applied(Applied(merge()))
    voice.ran(())
    assert capsys.readouterr() == ("", "")
