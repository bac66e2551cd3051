"""Text that others wrote does nothing in markdown, and is read as it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flowlift.render.markup import code, fenced, html_code, prose
from flowlift.render.visible import visible
from tests.parts.page import CALLS, Page, is_whole
from tests.parts.texts import ANY


@given(st.text(ANY, max_size=40))
def test_any_name_is_shown_as_it_is(text: str) -> None:
    for markdown in (
        f"a {code(text)} b",
        f"<details><summary>a {html_code(text)} b</summary>\n\nx\n\n</details>",
        f"| a | b |\n| --- | --- |\n| {code(text)} | {code(text)} |",
    ):
        page = Page(markdown)
        is_whole(page)
        assert not page.links
        # A browser joins spaces, and markdown drops those at the edge of a paragraph.
        assert set("".join(page.coded.split())) == set("".join(visible(text).split()))
    table = Page(f"| a | b |\n| --- | --- |\n| {code(text)} | x |")
    assert table.rows == [2, 2]


ALPHABET = "aB1 `'\"@#!~<>&[](){}|\\*_-+=:/.$%^\n\t\x1b\u202e"


@given(st.text(ALPHABET, max_size=30))
def test_a_sentence_of_any_signs_has_no_markup(text: str) -> None:
    page = Page(f"- x {prose(text)} y")
    is_whole(page)
    assert set(page.elements) <= {"ul", "li", "code"}
    assert not page.links
    assert not CALLS.search(page.plain)


@given(st.lists(st.text(ALPHABET.replace("\n", ""), max_size=20), max_size=4))
def test_a_block_of_code_ends_only_at_its_end(lines: list[str]) -> None:
    page = Page(f"{fenced(lines, 'diff')}\n\nafter")
    is_whole(page)
    assert page.plain.strip() == "after"


def test_a_quoted_name_in_a_message_stands_in_code() -> None:
    assert prose("No pool 'k8s'. Run `prefect work-pool ls`, it doesn't hurt.") == (
        "No pool `k8s`. Run `prefect work-pool ls`, it doesn't hurt."
    )
