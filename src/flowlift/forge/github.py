"""GitHub, by its REST API.

Sources: docs.github.com/rest, "Issue comments", "Releases", "Commits", "Deployments" (2022-11-28).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import quote

from flowlift.errors import ForgeError, ForgeRefusedError
from flowlift.forge.http import ForgeHttp, basic_login
from flowlift.forge.model import Comment, NewRelease, Release, Status

_PULLS = "Finding the pull request of a commit needs `pull-requests: read`."
_RELEASES = "Releases need `contents: write` in the job's `permissions`."
_STATUSES = "Deployment statuses need `deployments: write` in the job's `permissions`."


class GitHub:
    """A repository on GitHub, `repository` as `owner/name`."""

    name = "GitHub"
    writes_notes = True
    comment_right = "Comments need `pull-requests: write` in the job's `permissions`."

    def __init__(
        self,
        line: ForgeHttp,
        repository: str,
        *,
        server: str = "",
        token: str = "",
        job_commit: str = "",
    ) -> None:
        self._line = line
        self._repository = f"/repos/{quote(repository)}"
        self._server = server
        self._token = token
        self._job_commit = job_commit

    def git_login(self) -> tuple[str, str] | None:
        """GitHub takes its tokens as a password, for the user `x-access-token`."""
        return basic_login(self._server, "x-access-token", self._token)

    # Comments

    def comments(self, number: int) -> list[Comment]:
        """All comments of a pull request, the oldest first."""
        path = f"{self._repository}/issues/{number}/comments"
        return [self._comment(found) for found in self._line.pages(path, right=self.comment_right)]

    def create_comment(self, number: int, body: str) -> Comment:
        """Write a new comment."""
        path = f"{self._repository}/issues/{number}/comments"
        return self._comment(
            self._line.ask("POST", path, {"body": body}, right=self.comment_right).json()
        )

    def edit_comment(self, number: int, comment: Comment, body: str) -> None:
        """Write another text into a comment."""
        path = f"{self._repository}/issues/comments/{comment.id}"
        self._line.ask("PATCH", path, {"body": body}, right=self.comment_right)

    def delete_comment(self, number: int, comment: Comment) -> None:
        """Delete a comment; that it is gone already is no error."""
        path = f"{self._repository}/issues/comments/{comment.id}"
        self._line.ask("DELETE", path, right=self.comment_right, accept=frozenset({404}))

    def _comment(self, found: Mapping[str, Any]) -> Comment:
        return Comment(
            id=int(found["id"]),
            body=str(found.get("body") or ""),
            own=self._is_own(found.get("user") or {}),
            url=str(found.get("html_url") or ""),
        )

    def _is_own(self, user: Mapping[str, Any]) -> bool:
        """Whether the token's account wrote it; a job's own token only shows that it is a bot."""
        if self._login:
            return user.get("login") == self._login
        return user.get("type") == "Bot"

    @cached_property
    def _login(self) -> str:
        """The token's user, "" for a job's own token, which is no user's."""
        if self._token.startswith("ghs_"):
            return ""
        try:
            answer = self._line.ask("GET", "/user", right="")
        except ForgeRefusedError:
            return ""
        return str(answer.json().get("login") or "")

    # Merges

    def pull_request_of(self, commit: str) -> int | None:
        """The merged pull request that brought a commit to its branch, None where there is none."""
        path = f"{self._repository}/commits/{quote(commit)}/pulls"
        found = [pull for pull in self._line.pages(path, right=_PULLS) if pull.get("merged_at")]
        exact = [pull for pull in found if pull.get("merge_commit_sha") == commit]
        return int((exact or found)[0]["number"]) if found else None

    # Releases

    def release(self, wanted: NewRelease) -> Release:
        """Make a release, unless the tag has one. Two who do it at once both succeed."""
        if there := self._release_of(wanted.tag):
            return there
        answer = self._line.ask(
            "POST",
            f"{self._repository}/releases",
            {
                "tag_name": wanted.tag,
                "name": wanted.title,
                "body": wanted.notes,
                "prerelease": wanted.prerelease,
                "generate_release_notes": self.writes_notes,
            },
            right=_RELEASES,
            accept=frozenset({409, 422}),
        )
        if answer.is_success:
            return Release(str(answer.json().get("html_url") or ""), made=True)
        if there := self._release_of(wanted.tag):
            return there
        raise ForgeError(
            f"{self.name} answers {answer.status_code} to a release of {wanted.tag}.",
            remedy=f"Its words: {answer.text[:300]}",
        )

    def _release_of(self, tag: str) -> Release | None:
        path = f"{self._repository}/releases/tags/{quote(tag, safe='')}"
        answer = self._line.ask("GET", path, right=_RELEASES, accept=frozenset({404}))
        if not answer.is_success:
            return None
        return Release(str(answer.json().get("html_url") or ""), made=False)

    # Environments

    def set_status(self, status: Status) -> bool:
        """Tell what an environment has got; False where this forge has no place for it.

        A job with `environment:` has a deployment of its own already, which is left alone.
        """
        path = f"{self._repository}/deployments"
        environment = quote(status.environment, safe="")
        # On a pull request the job's own is for the commit that GitHub has merged on trial.
        for commit in filter(None, dict.fromkeys((self._job_commit, status.commit))):
            query = f"?sha={quote(commit)}&environment={environment}"
            if self._line.ask("GET", f"{path}{query}", right=_STATUSES).json():
                return True
        made = self._line.ask(
            "POST",
            path,
            {
                "ref": status.commit,
                "environment": status.environment,
                "auto_merge": False,
                "required_contexts": [],
                "description": f"flowlift, {status.ref}"[:140],
            },
            right=_STATUSES,
        ).json()
        body: dict[str, Any] = {"state": status.state, "auto_inactive": True}
        body |= {"environment_url": status.url} if status.url.startswith("https://") else {}
        body |= {"log_url": status.run} if status.run else {}
        self._line.ask("POST", f"{path}/{made['id']}/statuses", body, right=_STATUSES)
        return True
