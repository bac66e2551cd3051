from __future__ import annotations

import cmarkgfm  # type: ignore[import-untyped]
import pytest
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from flowlift.deployments.verifying import RunOutcome
from flowlift.findings import Action, Finding, Level
from flowlift.plan.model import Change, Plan, Provenance, Reason
from flowlift.render.comment import (
    LIMIT,
    assemble,
    cut_section,
    fair_share,
    mark,
    read_sections,
    room_beside,
    section_key,
)
from flowlift.render.delivery import facts_section, failure_section, findings_section, plan_section
from flowlift.render.outcome import StepShown

HOSTILE = [
    "$(id>pwned)",
    'a";touch pwned;"',
    "{{7*7}}",
    "x" * 200,
    "größe-日本語",
    "`</details><script>alert(1)</script>",
    "<!-- flowlift:end -->",
    "<!-- flowlift:begin 00/dev/deployments -->",
    "@acme/team #1 GH-1 www.example.com [a](http://b) ![i](j)",
    "a|b\n\n# head",
]


def plan(names: list[str], *, environment: str = "dev", branch: str = "feat/a") -> Plan:
    return Plan(
        environment=environment,
        scope="changed",
        provenance=Provenance(repository="acme/platform", commit="c" * 40, branch=branch),
        changes=tuple(
            Change(
                action=Action.UPDATE,
                deployment=name,
                reasons=(Reason(kind="source", detail=f"src/{name}.py"),),
                file="prefect.yaml",
                line=number,
            )
            for number, name in enumerate(names, 1)
        ),
        findings=tuple(
            Finding(check="schedule", level=Level.WARNING, message=f"See '{name}'.", file=name)
            for name in names[:3]
        ),
    )


def html(markdown: str) -> str:
    text: str = cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE)
    return text


def test_sections_are_found_again_whatever_line_ends_a_forge_makes() -> None:
    sections = {section_key(20, "dev-eu", "deployments"): "### dev", "40/prod/deployments": "### p"}
    body = assemble("proposal", "## flowlift", sections)
    assert body.startswith(mark("proposal"))
    assert read_sections(body) == sections
    assert read_sections(body.replace("\n", "\r\n")) == sections


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_makes_or_ends_a_section(name: str) -> None:
    text = plan_section(plan([name], branch=name), "proposed", 20_000, written=[])
    text += "\n\n" + facts_section(name, f"at '{name}'", [f"'{name}'"])
    text += "\n\n" + failure_section(name, name, name, name)
    body = assemble("proposal", "## flowlift", {"00/a/b": text, "01/a/b": "### other"})
    assert read_sections(body) == {"00/a/b": text, "01/a/b": "### other"}
    shown = html(body)
    assert shown.count("<details>") == shown.count("</details>")
    for harm in ("<script", "<img", 'href="http://b"', "<h1", "<p>@acme"):
        assert harm not in shown
    assert body.count("<!-- flowlift:end -->") == 2


def test_three_hundred_changes_fit_and_are_counted() -> None:
    names = [f"flow-{n}/a-deployment-with-quite-a-long-name-{n:03d}" for n in range(300)]
    share = room_beside({"40/prod/deployments": "x" * 30_000}, "20/dev/deployments")
    text = plan_section(plan(names), "planned", share)
    body = assemble("proposal", "## flowlift", {"20/dev/deployments": text, "40/p/d": "y" * 30_000})
    assert len(body.encode()) <= LIMIT
    assert "300 to update" in body
    shown = sum(f"-{n:03d}" in text for n in range(300))
    assert shown == 300 or f"and {300 - shown} changes more" in text


@given(st.lists(st.integers(0, 90_000), min_size=1, max_size=8))
def test_a_comment_is_never_too_long(sizes: list[int]) -> None:
    sections = {
        f"{n:02d}/env/deployments": "### env\n\n" + ("a paragraph\n\n" * (size // 13))
        for n, size in enumerate(sizes)
    }
    body = assemble("proposal", "## flowlift", sections)
    assert len(body.encode()) <= LIMIT
    assert list(read_sections(body)) == sorted(sections)


@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=3))
def test_what_fits_is_never_cut(sizes: list[int]) -> None:
    sections = {f"{n:02d}/e/d": f"x{'a ' * (size // 2)}x" for n, size in enumerate(sizes)}
    assert read_sections(assemble("proposal", "## flowlift", sections)) == sections


def test_a_cut_closes_what_it_opened_and_says_so() -> None:
    block = "<details><summary>a</summary>\n\n```\nlong\n```\n\nmore\n\n</details>"
    text = "### dev\n\n" + "\n\n".join([block] * 50)
    for room in range(200, 2_000, 37):
        cut = cut_section(text, room)
        assert len(cut.encode()) <= room
        assert cut.count("<details>") == cut.count("</details>")
        assert cut.count("```") % 2 == 0
        assert "too long for this comment" in cut


def test_every_section_has_its_fair_share_however_long_the_others_are() -> None:
    others = {"40/prod/deployments": "x" * 64_000}
    assert room_beside(others, "20/dev/deployments") >= fair_share(2)
    assert room_beside({}, "20/dev/deployments") > 60_000


def test_what_was_done_stands_first() -> None:
    done = [StepShown(Action.UPDATE, "a/b")]
    text = plan_section(plan(["a/b"]), "proposed", 20_000, written=done)
    assert "**Runs `feat/a` now:** 0 created, 1 updated, 0 deleted, 0 unchanged." in text
    assert "**After the merge:**" in plan_section(plan(["a/b"]), "planned", 20_000)
    assert "**Back on `feat/a`:**" in plan_section(plan(["a/b"]), "returned", 9_000, written=done)


def test_a_delivery_that_stopped_says_what_is_undone() -> None:
    text = plan_section(
        plan(["a/b", "a/c", "a/d"]),
        "released",
        20_000,
        written=[StepShown(Action.UPDATE, "a/b")],
        failed=[StepShown(Action.UPDATE, "a/c", "no such @pool")],
        left=[StepShown(Action.UPDATE, "a/d")],
    )
    assert "**Stopped: 1 of 3 changes written.**" in text
    assert "could not update `a/c`" in text
    assert "1 change not begun" in text
    assert "<p>no such @pool" not in html(text)


def test_failed_runs_stand_first() -> None:
    runs = [
        RunOutcome("a/good", "Completed", 1.0),
        RunOutcome("a/bad", "Failed", 2.0, message="ValueError: </details>"),
    ]
    text = plan_section(plan(["a/b"]), "proposed", 20_000, written=[], runs=runs)
    assert text.index("a/bad") < text.index("a/good")
    assert "</details><" not in html(text)


def test_findings_alone_are_cut_with_a_count() -> None:
    findings = [
        Finding(check="schedule", level=Level.ERROR, message=f"wrong {n}", remedy="mend it")
        for n in range(500)
    ]
    text = findings_section("deployments", 500, findings, 5_000, "As a fork gets no secrets.")
    assert len(text.encode()) <= 5_000
    assert "500 errors" in text
    assert "findings more" in text
