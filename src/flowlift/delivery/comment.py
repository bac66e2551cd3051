"""The one comment of a pull request: sections of many writers, none of them lost.

No forge's API can write a comment only if it is still as it was read. So each writer reads right
before it writes, waits for longer than that takes, and looks again: whoever was overwritten in
between finds it, and writes once more. That ends, as each writer has a pause of its own.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flowlift.errors import ForgeError
from flowlift.forge import Comment, Forge
from flowlift.render.comment import assemble, mark, read_sections, room_beside

SETTLE = 0.7
"""Seconds after which a writer looks again, or four times what its own write took, if longer."""

ROUNDS = 30
Section = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class CommentPage:
    """A comment to write: its kind, the heading that all its writers share, and our sections.

    `start` says whether to begin it where there is none.
    """

    kind: str
    title: str
    sections: Mapping[str, Section]
    start: bool = True


def write_comment(
    forge: Forge, number: int, page: CommentPage, sleep: Callable[[float], None] = time.sleep
) -> Comment | None:
    """Bring our sections into the pull request's comment; None where there is none to write to.

    Raises:
        ForgeError: the forge refuses; or others write without an end.
    """
    for _ in range(ROUNDS):
        begun = time.monotonic()
        found = _ours(forge, number, page.kind)
        if not found and not page.start:
            return None
        first, wanted = _wanted(found, page)
        if first is None:
            forge.create_comment(number, wanted)
        elif _differs(first.body, wanted):
            forge.edit_comment(number, first, wanted)
        elif len(found) == 1:
            return first
        for double in found[1:]:
            forge.delete_comment(number, double)
        took = time.monotonic() - begun
        sleep(max(SETTLE, 4 * took) * random.uniform(1.0, 1.5))  # noqa: S311 - no secret
    raise ForgeError(
        f"Others keep writing to the comment of {number}, and overwrite this job's part.",
        remedy="Run the job again.",
    )


def _ours(forge: Forge, number: int, kind: str) -> list[Comment]:
    """The comments with our mark that this account wrote; more than one after a race."""
    begin = mark(kind)
    return [c for c in forge.comments(number) if c.own and c.body.lstrip().startswith(begin)]


def _wanted(found: list[Comment], page: CommentPage) -> tuple[Comment | None, str]:
    """The comment to keep, and what it should say: what others wrote, with our sections in it."""
    sections: dict[str, str] = {}
    for comment in reversed(found):
        sections |= read_sections(comment.body)
    for key, write in page.sections.items():
        sections[key] = write(room_beside(sections, key)).strip("\n")
    return (found[0] if found else None), assemble(page.kind, page.title, sections)


def _differs(before: str, after: str) -> bool:
    """Whether two texts differ in more than what a forge does to line ends."""
    return before.replace("\r\n", "\n").strip() != after.strip()
