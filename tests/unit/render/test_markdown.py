"""Plans as markdown, read back through the parser that GitHub itself uses."""

from __future__ import annotations

import re

import pytest

from flowlift.findings import Finding, Level
from flowlift.plan.model import Plan
from flowlift.render.markdown import render_markdown
from flowlift.render.visible import visible
from tests.parts import example_plans as examples
from tests.parts import golden
from tests.parts.growth import growth
from tests.parts.page import CALLS, Page, is_whole


@pytest.mark.parametrize(
    ("name", "plans"),
    [
        ("pull_request", [examples.pull_request(), examples.merge()]),
        ("errors", [examples.broken(), examples.merge()]),
        ("same_change", [examples.same_change(46)]),
        ("nothing_to_do", [examples.nothing_to_do()]),
    ],
)
def test_a_comment_looks_as_it_was_found_good(name: str, plans: list[Plan]) -> None:
    text = render_markdown(plans)
    is_whole(Page(text))
    golden.check(text, golden.GOLDEN / f"{name}.md")


def test_a_comment_begins_with_the_counts_of_every_environment() -> None:
    text = render_markdown([examples.broken(), examples.merge()])
    assert "| **dev** | 1 | 1 | 1 | 4 | 2 | 6 |" in text
    assert "| **prod** | 1 | 1 | 1 | 46 |  |  |" in text
    assert text.index("**prod** |") < text.index("2 errors") < text.index("### dev")


def test_a_finding_of_two_environments_is_told_once_with_its_places() -> None:
    plans = [examples.broken(), examples.broken().model_copy(update={"environment": "prod"})]
    text = render_markdown(plans)
    assert text.count("No timezone is called") == 1
    assert "`prefect.yaml:67`, `load-stock/nightly` (dev, prod): No timezone" in text
    assert "`prefect.yaml:80`, `prefect.yaml:91`, `prefect.yaml:102`" in text


def test_each_change_is_folded_away_with_its_reason_in_sight() -> None:
    page = Page(render_markdown([examples.merge()]))
    assert page.elements["details"] == 2
    assert "load-returns/daily" in page.coded
    assert ": removed: prefect.yaml no longer declares it" in page.plain


def test_deletions_stand_first() -> None:
    text = render_markdown([examples.large(300)])
    assert text.index("delete <code>") < text.index("create <code>")


@pytest.mark.parametrize("text", examples.HOSTILE)
def test_a_hostile_name_is_shown_and_does_nothing(text: str) -> None:
    markdown = render_markdown([examples.hostile(text), examples.merge()])
    page = Page(markdown)
    is_whole(page)
    assert page.links == ["https://app.prefect.cloud/account/1f0c/workspace/77ab"]
    assert not CALLS.search(page.plain)
    assert set(page.rows) <= {1, 2, 3, 5, 7}
    assert "<!-- flowlift" not in markdown
    assert not re.search(r"^/\w", markdown, re.MULTILINE)
    name = text.encode("utf-8", "replace").decode()
    assert re.sub(r"\s+", " ", visible(name)) in re.sub(r"\s+", " ", page.coded)


def names_in(text: str) -> set[str]:
    return set(re.findall(r"flow-\d{4}/daily", text))


def test_three_hundred_changes_are_all_named_and_fit() -> None:
    text = render_markdown([examples.large(300)])
    is_whole(Page(text))
    assert len(text.encode()) < 65_536
    assert len(names_in(text)) == 300
    assert "more changes</b>, without fields" in text


def test_two_environments_share_the_room() -> None:
    text = render_markdown([examples.large(300, "dev"), examples.large(300, "prod")])
    dev, prod = text.split("### prod")
    assert len(names_in(dev)) == len(names_in(prod)) == 300
    assert 0.8 < len(dev) / len(prod) < 1.3
    small = render_markdown([examples.large(300, "dev"), examples.merge()])
    assert len(small.split("### prod")[0]) > 50_000


def test_very_many_changes_are_counted() -> None:
    text = render_markdown([examples.large(1_000)])
    found = re.search(r"- and ([\d,]+) changes more", text)
    assert found is not None
    assert len(names_in(text)) + int(found[1].replace(",", "")) == 1_000
    assert "`flowlift plan prod` shows all" in text


def test_the_time_grows_with_the_changes_and_no_faster() -> None:
    few, many = [examples.large(150)], [examples.large(600)]
    assert growth(lambda: render_markdown(few), lambda: render_markdown(many)) < 8


def test_many_findings_leave_room_for_the_changes() -> None:
    findings = tuple(
        Finding(check="some-check", level=level, message=f"Wrong {number}.", file="prefect.yaml")
        for level in Level
        for number in range(2_000)
    )
    plan = examples.merge().model_copy(update={"findings": findings})
    text = render_markdown([plan])
    is_whole(Page(text))
    assert len(text.encode()) < 65_536
    assert re.search(r"and [\d,]+ errors more", text)
    assert "load-returns/daily" in text


@pytest.mark.parametrize("limit", [1, 300, 1_000, 3_000, 10_000, 65_536])
def test_the_limit_is_kept_whatever_comes(limit: int) -> None:
    wide = examples.hostile("\U0001f389日本" * 300)
    for plans in (
        [examples.large(100, "dev"), examples.large(100, "prod")],
        [examples.large(20)] * 9,
        [wide, examples.broken()],
        [],
    ):
        text = render_markdown(plans, limit=limit)
        assert len(text.encode()) < limit
        if limit >= 1_000:
            is_whole(Page(text))


def test_nothing_to_do_is_one_sentence() -> None:
    text = render_markdown([examples.nothing_to_do()])
    assert "**No changes. dev holds what main declares (50 deployments).**" in text
    assert "<details>" not in text
