"""`flowlift demo`: tells the story, and leaves with its code."""

from __future__ import annotations

import pytest

from flowlift.errors import InputError
from tests.parts.commands import Here, command


@pytest.mark.parametrize(("words", "keep"), [((), False), (("--keep",), True)])
def test_the_story_is_told_and_servers_are_kept_where_that_is_asked(
    here: Here, words: tuple[str, ...], keep: bool
):
    calls = here.calls("flowlift.demo.story.tell", 0)
    assert command("demo", *words).code == 0
    assert [(call.given, call.named) for call in calls] == [((), {"keep": keep})]


def test_a_story_that_goes_wrong_is_a_failure(here: Here):
    here.calls("flowlift.demo.story.tell", 1)
    assert command("demo").code == 1
    here.calls("flowlift.demo.story.tell", InputError("Needs flowlift[demo]."))
    assert command("demo").code == 2
