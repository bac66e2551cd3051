"""A stub of the GitLab routes that flowlift uses: notes, releases, commits' merge requests.

Neither a GitLab server nor an emulator can be had for the tests. It is made from the public API
reference (docs.gitlab.com/api: notes, releases, commits, deployments) and knows no more than that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

BASE = "https://gitlab.example.com/api/v4"
PAGE = 20
"""Items of a page, fewer than asked for: GitLab takes 100, and a test needs no more than some."""


@dataclass
class GitLabStub:
    """A project `acme/platform` with one merge request, number 7; `token` may write."""

    token: str = "glpat-good"
    notes: list[dict[str, Any]] = field(default_factory=list)
    releases: dict[str, dict[str, Any]] = field(default_factory=dict)
    merged: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    deployments: list[dict[str, Any]] = field(default_factory=list)

    @property
    def transport(self) -> httpx.BaseTransport:
        return httpx.MockTransport(self._answer)

    def note(self, author: str, body: str, *, system: bool = False) -> dict[str, Any]:
        note = {"id": 100 + len(self.notes), "author": {"username": author}, "body": body}
        self.notes.append({**note, "system": system})
        return note

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().partition("?")[0].removeprefix("/api/v4")
        given = request.headers.get("private-token")
        if given != self.token and "job-token" not in request.headers:
            return httpx.Response(401, json={"message": "401 Unauthorized"})
        body = json.loads(request.content or b"null")
        for method, pattern, handle in self._routes():
            found = re.fullmatch(pattern, path)
            if found and method == request.method:
                return handle(request, body, *found.groups())
        return httpx.Response(404, json={"error": "404 Not Found"})

    def _routes(self) -> list[tuple[str, str, Callable[..., httpx.Response]]]:
        project = "/projects/acme%2Fplatform"
        notes = f"{project}/merge_requests/7/notes"
        return [
            ("GET", "/user", lambda *_: httpx.Response(200, json={"username": "flowlift-bot"})),
            ("GET", notes, self._list),
            ("POST", notes, self._create),
            ("PUT", f"{notes}/(\\d+)", self._edit),
            ("DELETE", f"{notes}/(\\d+)", self._delete),
            ("POST", f"{project}/releases", self._release),
            ("GET", f"{project}/releases/(.+)", self._released),
            ("GET", f"{project}/repository/commits/([0-9a-f]+)/merge_requests", self._merges),
            ("POST", f"{project}/deployments", self._deploy),
        ]

    def _list(self, request: httpx.Request, body: Any) -> httpx.Response:
        page = int(request.url.params.get("page", 1))
        shown = self.notes[(page - 1) * PAGE : page * PAGE]
        headers = {}
        if len(self.notes) > page * PAGE:
            following = request.url.copy_set_param("page", page + 1)
            headers["link"] = f'<{following}>; rel="next"'
        return httpx.Response(200, json=shown, headers=headers)

    def _create(self, request: httpx.Request, body: Any) -> httpx.Response:
        return httpx.Response(201, json=self.note("flowlift-bot", body["body"]))

    def _edit(self, request: httpx.Request, body: Any, number: str) -> httpx.Response:
        for note in self.notes:
            if note["id"] == int(number):
                note["body"] = body["body"]
                return httpx.Response(200, json=note)
        return httpx.Response(404, json={"message": "404 Note Not Found"})

    def _delete(self, request: httpx.Request, body: Any, number: str) -> httpx.Response:
        there = [note for note in self.notes if note["id"] == int(number)]
        self.notes = [note for note in self.notes if note not in there]
        return httpx.Response(204 if there else 404)

    def _release(self, request: httpx.Request, body: Any) -> httpx.Response:
        if body["tag_name"] in self.releases:
            return httpx.Response(409, json={"message": "Release already exists"})
        page = f"https://gitlab.example.com/acme/platform/-/releases/{body['tag_name']}"
        self.releases[body["tag_name"]] = {**body, "_links": {"self": page}}
        return httpx.Response(201, json=self.releases[body["tag_name"]])

    def _released(self, request: httpx.Request, body: Any, tag: str) -> httpx.Response:
        return httpx.Response(200, json=self.releases[tag])

    def _merges(self, request: httpx.Request, body: Any, commit: str) -> httpx.Response:
        return httpx.Response(200, json=self.merged.get(commit, []))

    def _deploy(self, request: httpx.Request, body: Any) -> httpx.Response:
        self.deployments.append(body)
        return httpx.Response(201, json=body)
