"""Text that others wrote does nothing in markdown, and is read as it is."""

from __future__ import annotations

import pytest
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


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("daily", "`daily`"),
        ("a`b", "``a`b``"),
        ("`a``b`", "``` `a``b` ```"),
        (" a ", "`  a  `"),
        (" a", "` a`"),
        ("a|b", "<code>a&#124;b</code>"),
        ("", "<code></code>"),
        ("  ", "<code>  </code>"),
        ("a<!--b", "<code>a&#60;&#33;--b</code>"),
        ("a\nb", "`a\\nb`"),
    ],
)
def test_code_stands_in_more_ticks_than_it_holds_or_in_an_element(text: str, written: str) -> None:
    assert code(text) == written


@pytest.mark.parametrize(
    ("sentence", "written"),
    [
        ("Nothing to say, here: a/b (c) = d-e; f.", "Nothing to say, here: a/b (c) = d-e; f."),
        ("see #12 and @acme/team", "see `#12` and `@acme/team`"),
        ("it doesn't, he's", "it doesn't, he's"),
        ('say "x" now', 'say `"x"` now'),
        ("'a' `b`", "`a` `b`"),
        ("`a`'b'", "`a`<!-- -->`b`"),
        ("www.acme.example", "`www.acme.example`"),
        ("a * b", "a &#42; b"),
        ("", ""),
    ],
)
def test_names_of_a_sentence_stand_in_code(sentence: str, written: str) -> None:
    assert prose(sentence) == written


def test_names_of_a_sentence_may_stand_in_an_element() -> None:
    assert prose("No pool 'k8s'.", html_code) == "No pool <code>k8s</code>."


@pytest.mark.parametrize(
    ("lines", "written"),
    [
        (["a"], "```diff\na\n```"),
        ([], "```diff\n```"),
        (["```", "a"], "````diff\n```\na\n````"),
        (["<!-- x", "a"], "<pre>\n&#60;&#33;-- x\na\n</pre>"),
    ],
)
def test_lines_stand_in_a_block_that_none_of_them_ends(lines: list[str], written: str) -> None:
    assert fenced(lines, "diff") == written
