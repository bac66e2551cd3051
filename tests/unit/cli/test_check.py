"""`flowlift check`: what it hands on, and how it ends."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from flowlift.deployments.scope import Options
from flowlift.errors import InputError
from flowlift.findings import Finding, Level
from tests.parts.commands import Here, command

CHECK = "flowlift.deployments.checking.check"
SCOPED = SimpleNamespace(reasons={0: (), 1: ()})
WARNING = Finding("unset-env", Level.WARNING, "Not set.", "Set it.", "prefect.yaml", 3)
ERROR = Finding("schedule", Level.ERROR, "No cron.", "Mend it.", "prefect.yaml", 12, "etl/daily")


def test_what_was_asked_is_handed_on(here: Here, tmp_path: Path):
    calls = here.calls(CHECK, (SCOPED, []))
    assert command("check", "-C", str(tmp_path), "-n", "ingest/*").code == 0
    assert here.opened == [(tmp_path, None, None)]
    assert here.asked == []
    assert calls[0].given == (here.project, Options("all", ("ingest/*",)))


@pytest.mark.parametrize(
    ("findings", "code"), [([], 0), ([WARNING], 0), ([WARNING, ERROR], 2), ([ERROR], 2)]
)
def test_an_error_is_wrong_input_and_a_warning_is_not(
    here: Here, findings: list[Finding], code: int
):
    here.calls(CHECK, (SCOPED, findings))
    assert command("check").code == code
    assert command("check", "--json").code == code


def test_a_person_reads_place_and_remedy(here: Here):
    here.calls(CHECK, (SCOPED, [ERROR]))
    out = command("check").out
    assert "prefect.yaml:12" in out
    assert "No cron." in out
    assert "Mend it." in out


def test_as_data_all_of_a_finding_is_told(here: Here):
    here.calls(CHECK, (SCOPED, [ERROR]))
    assert command("check", "--json").json == {
        "deployments": 2,
        "findings": [
            {
                "check": "schedule",
                "level": "error",
                "message": "No cron.",
                "remedy": "Mend it.",
                "file": "prefect.yaml",
                "line": 12,
                "deployment": "etl/daily",
            }
        ],
    }


def test_what_cannot_be_read_is_wrong_input(here: Here):
    here.calls(CHECK, InputError("No manifest is here."))
    assert command("check").code == 2
