"""A step that is not so stops the story, loudly."""

import pytest

from flowlift.demo.witness import expect
from flowlift.errors import FlowliftError


def test_what_is_so_goes_on():
    expect("what PROD holds", {"daily", "hourly"}, {"hourly", "daily"})


def test_what_is_not_so_tells_both_sides_and_how_to_look_closer():
    with pytest.raises(FlowliftError) as failed:
        expect("what PROD holds", {"daily"}, set())
    assert failed.value.exit_code == 1
    assert str(failed.value).splitlines() == [
        "The demo stops, as this is not so: what PROD holds.",
        "  expected: {'daily'}",
        "  found:    set()",
        "  Look closer with `flowlift demo --keep`: the servers and the folder stay.",
    ]
