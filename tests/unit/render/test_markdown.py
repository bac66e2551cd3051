"""Plans as markdown, read back through the parser that GitHub itself uses."""

from __future__ import annotations

import re

import pytest

from flowlift.findings import Finding, Level
from flowlift.plan.model import Plan
from flowlift.render.delivery import Part, plan_section
from flowlift.render.visible import visible
from flowlift.workspace.write import Written
from tests.parts import example_plans as examples
from tests.parts import golden
from tests.parts.growth import growth
from tests.parts.page import CALLS, Page, is_whole


def section(plan: Plan, part: Part = "planned", limit: int = 65_536) -> str:
    """What a pull request's comment says of an environment."""
    written = part == "proposed" and not plan.errors
    done = Written(done=list(plan.writes))
    return plan_section(plan, part, limit, written=done if written else None)


@pytest.mark.parametrize(
    ("name", "plans"),
    [
        ("pull_request", {"proposed": examples.pull_request(), "planned": examples.merge()}),
        ("errors", {"proposed": examples.broken()}),
        ("same_change", {"planned": examples.same_change(46)}),
        ("nothing_to_do", {"planned": examples.nothing_to_do()}),
    ],
)
def test_a_comment_looks_as_it_was_found_good(name: str, plans: dict[Part, Plan]) -> None:
    text = "\n\n".join(section(plan, part) for part, plan in plans.items()) + "\n"
    is_whole(Page(text))
    golden.check(text, golden.GOLDEN / f"{name}.md")


def test_what_holds_stands_before_what_is_wrong_and_that_before_the_changes() -> None:
    text = section(examples.broken())
    assert text.index("### dev") < text.index("**2 errors**") < text.index("create <code>")


def test_a_finding_of_several_places_is_told_once() -> None:
    text = section(examples.broken())
    assert text.count("No timezone is called") == 1
    assert "`prefect.yaml:67`, `load-stock/nightly`: No timezone" in text
    assert "`prefect.yaml:80`, `prefect.yaml:91`, `prefect.yaml:102`" in text


def test_each_change_is_folded_away_with_its_reason_in_sight() -> None:
    page = Page(section(examples.merge()))
    assert page.elements["details"] == 2
    assert "load-returns/daily" in page.coded
    assert ": removed: prefect.yaml no longer declares it" in page.plain


def test_deletions_stand_first() -> None:
    text = section(examples.large(300))
    assert text.index("delete <code>") < text.index("create <code>")


@pytest.mark.parametrize("text", examples.HOSTILE)
def test_a_hostile_name_is_shown_and_does_nothing(text: str) -> None:
    markdown = section(examples.hostile(text))
    page = Page(markdown)
    is_whole(page)
    assert not page.links
    assert not CALLS.search(page.plain)
    assert set(page.rows) <= {2, 3}
    assert "<!-- flowlift" not in markdown
    assert not re.search(r"^/\w", markdown, re.MULTILINE)
    name = text.encode("utf-8", "replace").decode()
    assert re.sub(r"\s+", " ", visible(name)) in re.sub(r"\s+", " ", page.coded)


def names_in(text: str) -> set[str]:
    return set(re.findall(r"flow-\d{4}/daily", text))


def test_three_hundred_changes_are_all_named_and_fit() -> None:
    text = section(examples.large(300))
    is_whole(Page(text))
    assert len(text.encode()) < 65_536
    assert len(names_in(text)) == 300
    assert "more changes</b>, without fields" in text


def test_very_many_changes_are_counted() -> None:
    text = section(examples.large(1_000))
    found = re.search(r"- and ([\d,]+) changes more", text)
    assert found is not None
    assert len(names_in(text)) + int(found[1].replace(",", "")) == 1_000
    assert "`flowlift plan prod` shows all" in text


def test_the_time_grows_with_the_changes_and_no_faster() -> None:
    few, many = examples.large(150), examples.large(600)
    assert growth(lambda: section(few), lambda: section(many)) < 8


def test_many_findings_leave_room_for_the_changes() -> None:
    findings = tuple(
        Finding(check="some-check", level=level, message=f"Wrong {number}.", file="prefect.yaml")
        for level in Level
        for number in range(2_000)
    )
    plan = examples.merge().model_copy(update={"findings": findings})
    text = section(plan)
    is_whole(Page(text))
    assert len(text.encode()) < 65_536
    assert re.search(r"and [\d,]+ errors more", text)
    assert "load-returns/daily" in text


@pytest.mark.parametrize("limit", [10_000, 65_536])
def test_the_limit_is_kept_whatever_comes(limit: int) -> None:
    wide = examples.hostile("\U0001f389日本" * 300)
    for plan in (examples.large(100), wide, examples.broken()):
        text = section(plan, limit=limit)
        assert len(text.encode()) < limit
        is_whole(Page(text))


def test_nothing_to_do_is_one_sentence() -> None:
    text = section(examples.nothing_to_do())
    assert "**No changes. dev holds what main declares (50 deployments).**" in text
    assert "<details>" not in text
