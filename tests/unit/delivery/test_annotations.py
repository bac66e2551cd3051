from __future__ import annotations

import json
from pathlib import Path

from flowlift.delivery.annotations import annotate, write_code_quality
from flowlift.delivery.deciding import Step
from flowlift.delivery.outcome import Outcome
from flowlift.findings import Finding, Level
from flowlift.project.outputs import CODE_QUALITY

STEP = Step("deployments", "apply", "dev", "")


def outcome(*findings: Finding) -> Outcome:
    return Outcome(STEP, lambda limit: "", findings=findings)


def finding(message: str, level: Level = Level.ERROR, file: str = "prefect.yaml") -> Finding:
    return Finding(check="schedule", level=level, message=message, file=file, line=12)


def test_a_finding_stands_at_its_line() -> None:
    assert annotate([outcome(finding("No such cron."))]) == [
        "::error file=prefect.yaml,line=12,title=flowlift schedule::No such cron."
    ]


def test_nothing_in_a_finding_ends_its_command() -> None:
    (line,) = annotate([outcome(finding("100%\n::add-mask::a\r", file="a,b:c\n.yaml"))])
    assert line == (
        "::error file=a%2Cb%3Ac%0A.yaml,line=12,title=flowlift schedule::100%25%0A::add-mask::a%0D"
    )


def test_each_finding_stands_once_and_errors_first() -> None:
    warning, error = finding("soft", Level.WARNING), finding("hard")
    lines = annotate([outcome(warning, error), outcome(error)])
    assert [line.partition("::")[2].rpartition("::")[2] for line in lines] == ["hard", "soft"]


def test_gitlab_gets_a_report(tmp_path: Path) -> None:
    environ = {"GITLAB_CI": "true", "CI_PROJECT_DIR": str(tmp_path)}
    write_code_quality(environ, [outcome(finding("one"), finding("two", Level.WARNING, ""))])
    report = json.loads((tmp_path / CODE_QUALITY).read_text())
    assert [entry["severity"] for entry in report] == ["major", "minor"]
    assert report[0]["location"] == {"path": "prefect.yaml", "lines": {"begin": 12}}
    assert len({entry["fingerprint"] for entry in report}) == 2


def test_elsewhere_no_report_is_written(tmp_path: Path) -> None:
    write_code_quality({"CI_PROJECT_DIR": str(tmp_path)}, [outcome(finding("one"))])
    assert not list(tmp_path.iterdir())
