"""Where there is no forge nothing is written, and what is asked for says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flowlift.errors import ForgeError
from flowlift.forge.model import Comment, NewRelease, Status
from flowlift.forge.none import NoForge

NONE = NoForge("GITHUB_TOKEN is not set.")
COMMENT = Comment(7, "text", own=True)


@pytest.mark.parametrize(
    ("ask", "what"),
    [
        (lambda: NONE.comments(12), "the comments of pull request 12"),
        (lambda: NONE.create_comment(12, "x"), "a comment on pull request 12"),
        (lambda: NONE.edit_comment(12, COMMENT, "x"), "the comment 7"),
        (lambda: NONE.delete_comment(12, COMMENT), "the comment 7"),
        (lambda: NONE.release(NewRelease("v1.0.0", "1.0.0", "")), "a release of v1.0.0"),
    ],
)
def test_what_only_a_forge_has_is_refused_with_the_reason(
    ask: Callable[[], Any], what: str
) -> None:
    with pytest.raises(ForgeError) as error:
        ask()
    assert error.value.message == f"There is no {what}: GITHUB_TOKEN is not set."


def test_what_may_be_missing_is_missing_without_a_word() -> None:
    assert NONE.git_login() is None
    assert NONE.pull_request_of("abc") is None
    assert NONE.set_status(Status("dev", "main", "abc", "success")) is False
    assert NONE.writes_notes is False
