"""Findings as a linter shows them."""

from __future__ import annotations

from flowlift.findings import Finding, Level
from flowlift.render.findings import render_findings


def finding(deployment: str, line: int = 17) -> Finding:
    return Finding(
        check="pool",
        level=Level.ERROR,
        message="No pool.",
        file="prefect.yaml",
        line=line,
        deployment=deployment,
    )


def shown(*findings: Finding) -> list[str]:
    return render_findings(findings, checked=5, colour=False, width=100).splitlines()


def test_what_is_wrong_at_a_place_that_deployments_share_names_these() -> None:
    assert shown(*(finding(f"etl/{letter}") for letter in "abcde"))[:2] == [
        "error: prefect.yaml:17 [pool]",
        "    for etl/a, etl/b, etl/c and 2 more",
    ]


def test_each_other_place_is_named_once() -> None:
    lines = shown(finding("a/a"), finding("a/b"), finding("a/c", 30), finding("a/d", 30))
    assert lines[1] == "    and at prefect.yaml:30"
