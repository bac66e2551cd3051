"""No forge: a run by hand, or in a CI that flowlift knows nothing of."""

from __future__ import annotations

from flowlift.errors import ForgeError
from flowlift.forge.model import Comment, NewRelease, Release, Status


class NoForge:
    """Has nothing and takes nothing; `why` says why no forge is known."""

    name = "no forge"
    writes_notes = False

    def __init__(self, why: str) -> None:
        self.why = why

    def git_login(self) -> tuple[str, str] | None:
        """Git has its own logins."""
        return None

    def comments(self, number: int) -> list[Comment]:
        """There are no comments to read."""
        raise self._error(f"the comments of pull request {number}")

    def create_comment(self, number: int, body: str) -> Comment:
        """No comment can be written."""
        raise self._error(f"a comment on pull request {number}")

    def edit_comment(self, number: int, comment: Comment, body: str) -> None:
        """No comment can be edited."""
        raise self._error(f"the comment {comment.id}")

    def delete_comment(self, number: int, comment: Comment) -> None:
        """No comment can be deleted."""
        raise self._error(f"the comment {comment.id}")

    def pull_request_of(self, commit: str) -> int | None:
        """Nobody knows."""
        return None

    def release(self, wanted: NewRelease) -> Release:
        """A tag is all there is."""
        raise self._error(f"a release of {wanted.tag}")

    def set_status(self, status: Status) -> bool:
        """There is no place for it."""
        return False

    def _error(self, what: str) -> ForgeError:
        return ForgeError(f"There is no {what}: {self.why}")
