"""What flowlift asks of a forge, and what it gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment of a pull request. `own` says that the token's own account wrote it."""

    id: int
    body: str
    own: bool
    url: str = ""


@dataclass(frozen=True, slots=True)
class NewRelease:
    """A release to be made for a tag that is there. `notes` stand above what the forge adds."""

    tag: str
    title: str
    notes: str
    prerelease: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """A release. `made` is False where it was there already."""

    url: str
    made: bool


@dataclass(frozen=True, slots=True)
class Status:
    """That an environment has got, or failed to get, a commit. `url` leads to the workspace."""

    environment: str
    ref: str
    commit: str
    state: Literal["success", "failure"]
    url: str = ""
    run: str = ""


class Forge(Protocol):
    """A forge, seen from one repository. Every call may raise a `ForgeError`.

    `writes_notes` says whether it lists the changes of a release by itself.
    """

    name: str
    writes_notes: bool

    def git_login(self) -> tuple[str, str] | None:
        """Where git needs the forge's token, and the header that has it; None where it has none.

        A job that keeps no credentials in its clone could otherwise not ask the remote.
        """

    def comments(self, number: int) -> list[Comment]:
        """All comments of a pull request, the oldest first."""

    def create_comment(self, number: int, body: str) -> Comment:
        """Write a new comment."""

    def edit_comment(self, number: int, comment: Comment, body: str) -> None:
        """Write another text into a comment."""

    def delete_comment(self, number: int, comment: Comment) -> None:
        """Delete a comment; that it is gone already is no error."""

    def pull_request_of(self, commit: str) -> int | None:
        """The merged pull request that brought a commit to its branch, None where there is none."""

    def release(self, wanted: NewRelease) -> Release:
        """Make a release, unless the tag has one. Two who do it at once both succeed."""

    def set_status(self, status: Status) -> bool:
        """Tell what an environment has got; False where this forge has no place for it."""
