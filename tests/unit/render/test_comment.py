"""One comment with a section for each environment and job."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from flowlift.render.delivery import facts_section, failure_section, plan_section
from flowlift.workspace.write import Written
from tests.parts.example_plans import changing
from tests.parts.page import html

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


def test_sections_are_found_again_whatever_line_ends_a_forge_makes() -> None:
    sections = {section_key(20, "dev-eu", "deployments"): "### dev", "40/prod/deployments": "### p"}
    body = assemble("proposal", "## flowlift", sections)
    assert body.startswith(mark("proposal"))
    assert read_sections(body) == sections
    assert read_sections(body.replace("\n", "\r\n")) == sections


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_makes_or_ends_a_section(name: str) -> None:
    text = plan_section(changing([name], branch=name), "proposed", 20_000, written=Written())
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
    text = plan_section(changing(names), "planned", share)
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
