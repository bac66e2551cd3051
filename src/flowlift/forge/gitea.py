"""Gitea (and Forgejo): GitHub's routes, but for what stands here.

What differs and was seen on Gitea 1.26 is a table in forge/README.md.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flowlift.forge.github import GitHub
from flowlift.forge.model import Comment, Status

_JOB_USER = "gitea-actions"


class Gitea(GitHub):
    """A repository on Gitea."""

    name = "Gitea"
    writes_notes = False
    comment_right = "Comments need `issues: write` in the job's `permissions`, or the scope of it."

    def comments(self, number: int) -> list[Comment]:
        """All comments: Gitea has them in one page, whatever is asked for."""
        path = f"{self._repository}/issues/{number}/comments"
        found = self._line.ask("GET", path, right=self.comment_right).json()
        return [self._comment(comment) for comment in found]

    def pull_request_of(self, commit: str) -> int | None:
        """The merged pull request of a commit: Gitea knows one at most."""
        path = f"{self._repository}/commits/{quote(commit)}/pull"
        answer = self._line.ask("GET", path, right="", accept=frozenset({404}))
        return int(answer.json()["number"]) if answer.is_success else None

    def set_status(self, status: Status) -> bool:
        """Gitea has no deployments."""
        return False

    def _is_own(self, user: Any) -> bool:
        return bool(user.get("login") == (self._login or _JOB_USER))
