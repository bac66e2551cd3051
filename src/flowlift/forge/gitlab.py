"""GitLab, by its REST API (v4).

Sources: docs.gitlab.com/api, "Notes", "Releases", "Commits", "Deployments", "CI job token".
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import quote

from flowlift.errors import ForgeRefusedError
from flowlift.forge.http import ForgeHttp, basic_login
from flowlift.forge.model import Comment, NewRelease, Release, Status

_NOTES = (
    "Comments need a project access token with the scope `api` and the role Reporter or higher, in"
    " GITLAB_TOKEN: a job's own token cannot write them."
)
_MERGES = "Finding the merge request of a commit needs a token with the scope `read_api`."
_RELEASES = "Releases need the role Developer: of GITLAB_TOKEN, or of who started the pipeline."
_DEPLOYMENTS = "Deployments need a token with the scope `api` and the role Developer."


class GitLab:
    """A project on GitLab, by its number or path. `job_token` says that only that one is there."""

    name = "GitLab"
    writes_notes = False

    def __init__(
        self,
        line: ForgeHttp,
        project: str,
        *,
        server: str = "",
        token: str = "",
        job_token: bool = False,
        job_environment: str = "",
    ) -> None:
        self._line = line
        self._project = f"/projects/{quote(project, safe='')}"
        self._server = server
        self._token = token
        self._job_token = job_token
        self._job_environment = job_environment

    def git_login(self) -> tuple[str, str] | None:
        """GitLab's clone has the job's login; a token of the user's own may push tags besides."""
        return None if self._job_token else basic_login(self._server, "oauth2", self._token)

    def comments(self, number: int) -> list[Comment]:
        """All notes of a merge request but the system's, the oldest first."""
        self._need_user()
        path = f"{self._notes(number)}?sort=asc&order_by=created_at"
        found = self._line.pages(path, right=_NOTES)
        return [self._comment(note) for note in found if not note.get("system")]

    def create_comment(self, number: int, body: str) -> Comment:
        """Write a new note."""
        self._need_user()
        answer = self._line.ask("POST", self._notes(number), {"body": body}, right=_NOTES)
        return self._comment(answer.json())

    def edit_comment(self, number: int, comment: Comment, body: str) -> None:
        """Write another text into a note."""
        path = f"{self._notes(number)}/{comment.id}"
        self._line.ask("PUT", path, {"body": body}, right=_NOTES)

    def delete_comment(self, number: int, comment: Comment) -> None:
        """Delete a note; that it is gone already is no error."""
        path = f"{self._notes(number)}/{comment.id}"
        self._line.ask("DELETE", path, right=_NOTES, accept=frozenset({404}))

    def _notes(self, number: int) -> str:
        return f"{self._project}/merge_requests/{number}/notes"

    def _need_user(self) -> None:
        if self._job_token:
            raise ForgeRefusedError("GitLab takes no comments from a job's token.", remedy=_NOTES)

    def _comment(self, note: Mapping[str, Any]) -> Comment:
        author = note.get("author") or {}
        return Comment(
            id=int(note["id"]),
            body=str(note.get("body") or ""),
            own=author.get("username") == self._login,
        )

    @cached_property
    def _login(self) -> str:
        answer = self._line.ask("GET", "/user", right=_NOTES)
        return str(answer.json().get("username") or "")

    def pull_request_of(self, commit: str) -> int | None:
        """The merged merge request that brought a commit to its branch."""
        path = f"{self._project}/repository/commits/{quote(commit)}/merge_requests"
        found = [m for m in self._line.pages(path, right=_MERGES) if m.get("state") == "merged"]
        return int(found[0]["iid"]) if found else None

    def release(self, wanted: NewRelease) -> Release:
        """Make a release, unless the tag has one. Two who do it at once both succeed."""
        answer = self._line.ask(
            "POST",
            f"{self._project}/releases",
            {"tag_name": wanted.tag, "name": wanted.title, "description": wanted.notes},
            right=_RELEASES,
            accept=frozenset({409}),
        )
        if answer.is_success:
            return Release(_page(answer.json()), made=True)
        there = self._line.ask(
            "GET", f"{self._project}/releases/{quote(wanted.tag, safe='')}", right=_RELEASES
        )
        return Release(_page(there.json()), made=False)

    def set_status(self, status: Status) -> bool:
        """Tell what an environment has got; a job with `environment:` has told it already."""
        if self._job_environment or self._job_token:
            return bool(self._job_environment)
        self._line.ask(
            "POST",
            f"{self._project}/deployments",
            {
                "environment": status.environment,
                "ref": status.ref,
                "sha": status.commit,
                "tag": False,
                "status": "success" if status.state == "success" else "failed",
            },
            right=_DEPLOYMENTS,
        )
        return True


def _page(release: Mapping[str, Any]) -> str:
    return str((release.get("_links") or {}).get("self") or "")
