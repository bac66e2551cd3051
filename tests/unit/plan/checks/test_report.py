"""What gathers the findings, at the levels that a team has set."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flowlift.errors import Position
from flowlift.findings import CHECKS, Finding, Level
from flowlift.plan.checks.report import ALWAYS, Report
from tests.parts.plans import declared

AT = Position("prefect.yaml", 17)


@pytest.mark.parametrize("check", ["tags", "sla"])
def test_a_finding_has_its_checks_own_level_unless_the_team_sets_another(check: str) -> None:
    for levels in ({}, {"unknown-key": "off"}):
        report = Report(levels)
        report.add(check, "x")
        assert [finding.level for finding in report.findings] == [CHECKS[check]]
    for level in Level:
        report = Report({check: level.value})
        report.add(check, "x")
        assert [finding.level for finding in report.findings] == [level]
    report = Report({check: "off"})
    report.add(check, "x")
    assert report.findings == []


def test_a_finding_stands_at_its_place_else_at_its_entry_else_nowhere() -> None:
    report = Report()
    report.add("tags", "x", at=AT, declared=declared(), remedy="mend it", deployment="ingest/daily")
    report.add("tags", "x", declared=declared())
    report.add("tags", "x")
    assert report.findings == [
        Finding("tags", Level.ERROR, "x", "mend it", "prefect.yaml", 17, "ingest/daily"),
        Finding("tags", Level.ERROR, "x", "", "prefect.yaml", 10, "daily"),
        Finding("tags", Level.ERROR, "x"),
    ]


def test_a_comment_silences_its_check_on_its_line_alone() -> None:
    entry = replace(declared(), ignored={17: frozenset({"tags"})})
    report = Report({"tags": "error"})
    report.add("tags", "silenced", at=AT, declared=entry)
    report.add("sla", "another check", at=AT, declared=entry)
    report.add("tags", "another line", at=Position("prefect.yaml", 18), declared=entry)
    report.add("tags", "of no entry", at=AT)
    report.add("tags", "at no line", declared=entry)
    assert [finding.message for finding in report.findings] == [
        "another check",
        "another line",
        "of no entry",
        "at no line",
    ]


@pytest.mark.parametrize("check", sorted(ALWAYS))
def test_what_cannot_be_registered_at_all_is_never_silenced(check: str) -> None:
    entry = replace(declared(), ignored={17: frozenset({check})})
    for level in ("off", "warning", "error"):
        report = Report({check: level})
        report.add(check, "x", at=AT, declared=entry)
        assert [finding.level for finding in report.findings] == [Level.ERROR]


def test_a_check_that_nobody_knows_is_a_fault() -> None:
    with pytest.raises(KeyError):
        Report().add("tgas", "x")


def test_findings_made_elsewhere_are_taken_at_the_teams_levels() -> None:
    mine = Finding("slow-server", Level.WARNING, "slow", file="a", line=3, deployment="x/y")
    own = Finding("no-such-check", Level.ERROR, "its own level")
    report = Report({"slow-server": "error"})
    report.adopt(mine, own)
    report.adopt()
    assert report.findings == [replace(mine, level=Level.ERROR), own]
    silent = Report({"slow-server": "off"})
    silent.adopt(mine)
    assert silent.findings == []


def test_two_reports_share_nothing() -> None:
    Report().add("tags", "x")
    assert Report().findings == []
