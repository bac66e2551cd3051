"""Text that others wrote, made harmless in GitHub-flavoured markdown.

A comment is read by people and by the forge: a name in it must not become a link, a tag, a heading,
a picture or a command, must not call anybody (`@team`), and must not point to an issue (`#1`).
GitHub, GitLab and Gitea leave alone what stands in code. Where markdown's own code cannot stand
(in HTML, or with a `|` in a table), the element does, and each special character in it is a
reference (`&#64;`), which no forge takes for the character while it reads the markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from flowlift.render.visible import visible

_RUN = re.compile(r"`+")
_SPECIAL = re.compile(r"[^\w /,.;:'=()-]|_|:(?=\S)|(?<=www)\.", re.IGNORECASE)
_CALLING = re.compile(r"[@#!~%$&:\\]\S|\bGH-|\bwww\.", re.IGNORECASE)
"""What a forge takes for a mention, a reference, an address or the name of a small picture."""

_QUOTED = re.compile(r"""`([^`]+)`|(?<!\w)'([^']+)'(?!\w)|(?<!\w)("[^"]+")(?!\w)""")
_PLAIN = re.compile(r"((?!www\.|GH-)[^\W_]|[ .,;()/=-]|:(?= |$))*", re.IGNORECASE)
_COMMENT = "<!--"
"""Stays out of code as well: comments are how a forge's comment is found again and edited."""

_NOTHING = "<!-- -->"
"""Parts two texts that would mean something together, and shows nothing."""


def code(text: str) -> str:
    """`text` as code within a paragraph, a list or a table's cell."""
    shown = visible(text)
    if "|" in shown or _COMMENT in shown or not shown.strip():
        return html_code(text)
    ticks = "`" * (_longest_run([shown]) + 1)
    both = shown[0] == shown[-1] == " "
    space = " " if both or shown[0] == "`" or shown[-1] == "`" else ""
    return f"{ticks}{space}{shown}{space}{ticks}"


def html_code(text: str) -> str:
    """`text` as code where markdown is not read: inside of an HTML element such as `<summary>`."""
    return f"<code>{_referenced(visible(text))}</code>"


def prose(text: str, span: Callable[[str], str] = code) -> str:
    """A sentence with names in it: what is quoted or could call somebody stands in code."""
    parts: list[str] = []
    end = 0
    for found in _QUOTED.finditer(text):
        parts += _words(text[end : found.start()], span)
        parts.append(span(found[1] or found[2] or found[3]))
        end = found.end()
    parts += _words(text[end:], span)
    whole = ""
    for part in parts:
        touching = whole.endswith("`") and part.startswith("`")
        whole += _NOTHING + part if touching else part
    return whole


def fenced(lines: list[str], language: str) -> str:
    """Lines as a block of code; none of them can end it."""
    if any(_COMMENT in line for line in lines):
        return "<pre>\n" + "\n".join(map(_referenced, lines)) + "\n</pre>"
    fence = "`" * max(3, _longest_run(lines) + 1)
    return "\n".join([f"{fence}{language}", *lines, fence])


def _longest_run(lines: list[str]) -> int:
    return max((len(run) for line in lines for run in _RUN.findall(line)), default=0)


def _words(text: str, span: Callable[[str], str]) -> list[str]:
    if _PLAIN.fullmatch(text):
        return [visible(text)]
    return [
        span(word) if _CALLING.search(word) else _referenced(visible(word))
        for word in re.split(r"( +)", text)
    ]


def _referenced(text: str) -> str:
    # An address of mail is found after references are read, so it is parted as well.
    return _SPECIAL.sub(
        lambda found: f"{_NOTHING if found[0] == '@' else ''}&#{ord(found[0])};", text
    )
