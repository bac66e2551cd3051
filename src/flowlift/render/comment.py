"""One comment with a section for each environment and job, which many may write to.

The whole state is the comment's own text: hidden marks part its sections, so that each writer
replaces its own and leaves the others' as they are. A name of others cannot make a mark, as
`markup` never lets `<!--` through.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

LIMIT = 65_000
"""Characters of a comment, and bytes: GitHub takes 65,536."""

_SECTION = re.compile(
    r"<!-- flowlift:begin (?P<key>[a-z0-9_./]+) -->\n(?P<text>.*?)\n<!-- flowlift:end -->",
    re.DOTALL,
)
_CUT = "*The rest is too long for this comment: the job's summary has it.*"


def mark(kind: str) -> str:
    """What the comment of a kind (`proposal`, `merge`) begins with."""
    return f"<!-- flowlift:{kind} -->"


def section_key(order: int, environment: str, workflow: str) -> str:
    """The key of a section; sections stand in the order of their keys."""
    # Two dashes would end the mark in an old reader of HTML, and no environment has an underscore.
    return f"{order:02d}/{environment.replace('-', '_') or '.'}/{workflow}"


def read_sections(body: str) -> dict[str, str]:
    """The sections of a comment by their keys."""
    return {found["key"]: found["text"] for found in _SECTION.finditer(body.replace("\r\n", "\n"))}


def assemble(kind: str, title: str, sections: Mapping[str, str]) -> str:
    """The comment of these sections, below `LIMIT`: what is too long gives way, the longest first.

    A section is never cut below its fair share of the room, and always says that it was cut.
    """
    shown = dict(sections)
    for key in sorted(shown, key=lambda key: -_size(shown[key])):
        whole = _joined(kind, title, shown)
        if _size(whole) <= LIMIT:
            return whole
        room = _size(shown[key]) - (_size(whole) - LIMIT)
        shown[key] = cut_section(shown[key], max(room, fair_share(len(shown))))
    return _joined(kind, title, shown)


def fair_share(sections: int) -> int:
    """The room of each of so many sections."""
    return (LIMIT - 1_000) // max(1, sections) - 120


def room_beside(sections: Mapping[str, str], key: str) -> int:
    """The room that a new text for `key` has beside the others, at least its fair share."""
    others = {other: text for other, text in sections.items() if other != key}
    used = sum(_size(text) + 120 for text in others.values())
    return max(LIMIT - 1_000 - used, fair_share(len(others) + 1))


def cut_section(text: str, room: int) -> str:
    """The paragraphs of a section that fit, without opening what would not be closed."""
    if _size(text) <= room:
        return text
    kept: list[str] = []
    left = room - _size(_CUT) - 2
    opened = 0
    for paragraph in text.split("\n\n"):
        left -= _size(paragraph) + 2
        if left < 0:
            break
        kept.append(paragraph)
    while kept:
        joined = "\n\n".join(kept)
        opened = joined.count("<details>") - joined.count("</details>")
        fences = sum(line.startswith("```") for line in joined.splitlines())
        if opened <= 0 and fences % 2 == 0:
            break
        kept.pop()
    return "\n\n".join([*kept, _CUT])


def _joined(kind: str, title: str, sections: Mapping[str, str]) -> str:
    parts = [mark(kind), title]
    for key in sorted(sections):
        parts.append(f"<!-- flowlift:begin {key} -->\n{sections[key]}\n<!-- flowlift:end -->")
    return "\n\n".join(parts) + "\n"


def _size(text: str) -> int:
    """Never less than its characters: GitHub counts these, and others count bytes."""
    return len(text.encode("utf-8", "surrogatepass"))
