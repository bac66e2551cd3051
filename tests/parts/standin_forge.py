"""A stand-in for a forge: its comments and statuses are in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from flowlift.errors import ForgeError
from flowlift.forge import Comment, NewRelease, Release, Status


@dataclass
class StandInForge:
    """One pull request's comments, and the statuses that were set.

    `merged` says which pull request brought a commit; `refuses` ends every write with its text.
    """

    by_id: dict[int, Comment] = field(default_factory=dict)
    statuses: list[Status] = field(default_factory=list)
    merged: dict[str, int] = field(default_factory=dict)
    refuses: str = ""
    wrote: list[str] = field(default_factory=list)
    name: str = "stand-in"
    writes_notes: bool = False

    @property
    def bodies(self) -> list[str]:
        """What the comments say, the oldest first."""
        return [comment.body for comment in self.by_id.values()]

    def git_login(self) -> tuple[str, str] | None:
        return None

    def comments(self, number: int) -> list[Comment]:
        return list(self.by_id.values())

    def create_comment(self, number: int, body: str) -> Comment:
        return self.write("create", body)

    def edit_comment(self, number: int, comment: Comment, body: str) -> None:
        self._may("edit")
        self.by_id[comment.id] = replace(self.by_id[comment.id], body=body)

    def delete_comment(self, number: int, comment: Comment) -> None:
        self._may("delete")
        self.by_id.pop(comment.id, None)

    def pull_request_of(self, commit: str) -> int | None:
        return self.merged.get(commit)

    def release(self, wanted: NewRelease) -> Release:
        raise NotImplementedError

    def set_status(self, status: Status) -> bool:
        self._may("status")
        self.statuses.append(status)
        return True

    def write(self, what: str, body: str, *, own: bool = True) -> Comment:
        """A new comment, of this account or of somebody else."""
        self._may(what)
        key = max(self.by_id, default=0) + 1
        self.by_id[key] = Comment(key, body, own, f"https://forge.invalid/comments/{key}")
        return self.by_id[key]

    def _may(self, what: str) -> None:
        if self.refuses:
            raise ForgeError(self.refuses)
        self.wrote.append(what)
