"""What a forge shows of a text in markdown, read by the parser that GitHub itself uses."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

import cmarkgfm  # type: ignore[import-untyped]
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]

OURS = {
    *("h2", "h3", "p", "strong", "em", "b", "br", "sub", "code", "pre", "ul", "li"),
    *("table", "thead", "tbody", "tr", "th", "td", "details", "summary"),
}
VOID = {"br"}
CALLS = re.compile(r"[@#!~%]\w|\bGH-\d|:\w+:")


class Page(HTMLParser):
    """What a forge would show: the elements, the links, the text in code and outside of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: Counter[str] = Counter()
        self.links: list[str] = []
        self.comments: set[str] = set()
        self.plain = ""
        self.coded = ""
        self.rows: list[int] = []
        self.feed(html(text))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        if tag not in VOID:
            self.open.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        if tag == "tr":
            self.rows.append(0)
        if tag in {"td", "th"}:
            self.rows[-1] += 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        self.comments.add(data)

    def handle_data(self, data: str) -> None:
        if {"code", "pre"} & set(self.open):
            self.coded += data
        else:
            self.plain += data


def is_whole(page: Page) -> None:
    """Every element is one of ours, and closed."""
    assert not page.open
    assert set(page.elements) <= OURS | {"a"}
    assert page.comments <= {" "}


def html(text: str) -> str:
    """`text` as the HTML that a forge makes of it, before it takes out what is not allowed."""
    rendered: str = cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE)
    return rendered
