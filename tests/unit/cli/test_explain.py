"""`flowlift explain`: by the repository alone, or as an environment should hold it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from flowlift.deployments.explaining import Origin
from flowlift.errors import InputError
from tests.parts.commands import CLIENT, Here, command

FOUND = {
    "etl/daily": [
        Origin("tags", ["a"], "prefect.yaml:4"),
        Origin("parameters", {"day": date(2026, 1, 1)}, "prefect.yaml:5"),
    ]
}


def test_without_an_environment_no_workspace_is_asked(here: Here):
    calls = here.calls("flowlift.deployments.explaining.explain_here", FOUND)
    result = command("explain", "etl/daily", "--branch", "feat/a")
    assert result.code == 0
    assert here.opened == [(Path(), "feat/a", None)]
    assert here.asked == []
    assert calls[0].given == (here.project, "etl/daily")
    assert "prefect.yaml:4" in result.out


def test_with_one_its_workspace_is_asked(here: Here):
    calls = here.awaits("flowlift.deployments.explaining.explain_in", FOUND)
    assert command("explain", "etl/daily", "prod").code == 0
    assert here.asked == ["prod"]
    assert calls[0].given == (here.project, "prod", "etl/daily", CLIENT)


def test_as_data_each_field_has_its_value_and_its_source(here: Here):
    here.calls("flowlift.deployments.explaining.explain_here", FOUND)
    assert command("explain", "etl/daily", "--json").json == {
        "etl/daily": [
            {"field": "tags", "value": ["a"], "source": "prefect.yaml:4"},
            # What JSON has no form for is told as text.
            {"field": "parameters", "value": {"day": "2026-01-01"}, "source": "prefect.yaml:5"},
        ]
    }


def test_a_name_that_nothing_has_is_wrong_input(here: Here):
    here.calls("flowlift.deployments.explaining.explain_here", InputError("Not there."))
    assert command("explain", "etl/weekly").code == 2
