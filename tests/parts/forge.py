"""A real forge: repositories, pull requests and what was written to them, by its API.

CONTRIBUTING.md lists the variables by which it is given. What is asserted through this is Gitea's.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.parts.given import given
from tests.parts.repositories import GitRepository

PART = "forge"


@dataclass(frozen=True)
class ForgeServer:
    """A Gitea with Actions, and its administrator. `runner` is the folder of its runner, or None.

    There are its jobs' logs and summaries.
    """

    url: str
    user: str
    token: str = field(repr=False)
    runner: Path | None = None

    @property
    def api(self) -> str:
        """The API's address."""
        return f"{self.url}/api/v1"

    def ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, token: str = ""
    ) -> httpx.Response:
        """One request to the API, as the administrator or with another token."""
        return httpx.request(
            method,
            f"{self.api}{path}",
            json=body if body is not None or method == "GET" else {},
            headers={"Authorization": f"token {token or self.token}"},
            timeout=30,
            trust_env=False,
        )

    def get(self, path: str) -> Any:
        """The JSON at `path`, which must be there."""
        return self.ask("GET", path).raise_for_status().json()


def find_forge_server() -> ForgeServer:
    """The forge that is given.

    Raises:
        MissingPartError: nobody gives one.
    """
    runner = given("FLOWLIFT_TEST_FORGE_RUNNER", PART) if _has_runner() else None
    return ForgeServer(
        given("FLOWLIFT_TEST_FORGE_URL", PART).rstrip("/"),
        given("FLOWLIFT_TEST_FORGE_USER", PART),
        given("FLOWLIFT_TEST_FORGE_TOKEN", PART),
        Path(runner) if runner else None,
    )


def _has_runner() -> bool:
    given("FLOWLIFT_TEST_FORGE_URL", PART)  # waits for a part that is still starting
    return "FLOWLIFT_TEST_FORGE_RUNNER" in os.environ


@dataclass(frozen=True)
class ForgeClone(GitRepository):
    """A clone of a repository on the forge; `url` is its address without a login."""

    url: str

    @property
    def remote_url(self) -> str:
        """What a manifest names, and workers clone."""
        return self.url


@dataclass(frozen=True)
class ForgeRepository:
    """A private repository of a test's own on the forge; `git` is a clone of it."""

    server: ForgeServer
    name: str
    git: ForgeClone

    @property
    def full_name(self) -> str:
        """`owner/name`."""
        return f"{self.server.user}/{self.name}"

    @property
    def path(self) -> str:
        """Below the API's address."""
        return f"/repos/{self.full_name}"

    @property
    def clone_url(self) -> str:
        """With the administrator's login, for git."""
        host = self.server.url.partition("://")[2]
        return f"http://{self.server.user}:{self.server.token}@{host}/{self.full_name}.git"

    @property
    def environ(self) -> dict[str, str]:
        """What a job on this forge has in its environment, besides its event."""
        return {
            "CI": "true",
            "GITEA_ACTIONS": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.server.api,
            "GITHUB_SERVER_URL": self.server.url,
            "GITHUB_REPOSITORY": self.full_name,
            "GITHUB_RUN_ID": "1",
            "GITHUB_RUN_NUMBER": "1",
            "GITHUB_TOKEN": self.server.token,
        }

    def event(self, name: str, folder: Path, **event: Any) -> dict[str, str]:
        """The environment of a job for an event; `event` is added to what every event says."""
        file = folder / f"event-{uuid.uuid4().hex[:8]}.json"
        common = {"repository": self.server.get(self.path)}
        file.write_text(json.dumps(common | event), encoding="utf-8")
        return {**self.environ, "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(file)}

    def pull_event(self, number: int, action: str, folder: Path) -> dict[str, str]:
        """The environment of a job for something that was done to a pull request."""
        pull = self.server.get(f"{self.path}/pulls/{number}")
        return self.event("pull_request", folder, action=action, number=number, pull_request=pull)

    def pull_request(self, branch: str, title: str = "", base: str = "main") -> int:
        """Open a pull request; its number."""
        body = {"head": branch, "base": base, "title": title or branch}
        done = self.server.ask("POST", f"{self.path}/pulls", body).raise_for_status()
        return int(done.json()["number"])

    def merge(self, number: int, how: str = "merge") -> str:
        """Merge a pull request; the commit on the base branch."""
        for _ in range(40):
            done = self.server.ask("POST", f"{self.path}/pulls/{number}/merge", {"Do": how})
            if done.status_code != 405:
                break
            time.sleep(0.25)  # just after a push it is not known yet whether it can be merged
        done.raise_for_status()
        return str(self.server.get(f"{self.path}/pulls/{number}")["merge_commit_sha"])

    def comments(self, number: int) -> list[dict[str, Any]]:
        """The comments of a pull request, the oldest first."""
        found: list[dict[str, Any]] = self.server.get(f"{self.path}/issues/{number}/comments")
        return found

    def comment(self, number: int) -> str:
        """The text of the only comment of a pull request."""
        (only,) = self.comments(number)
        return str(only["body"])

    def await_runs(self, count: int, seconds: float = 120) -> list[dict[str, Any]]:
        """All runs of workflows, once there are so many and none is under way any more."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            runs: list[dict[str, Any]] = self.server.get(f"{self.path}/actions/runs")[
                "workflow_runs"
            ]
            if len(runs) >= count and all(run["status"] == "completed" for run in runs):
                return runs
            time.sleep(0.2)
        raise AssertionError(f"{len(runs)} runs: {[run['status'] for run in runs]}")

    def log(self, run: Mapping[str, Any]) -> str:
        """The logs of a run's jobs."""
        jobs = self.server.get(f"{self.path}/actions/runs/{run['id']}/jobs")["jobs"]
        logs = [self.server.ask("GET", f"{self.path}/actions/jobs/{j['id']}/logs") for j in jobs]
        return "\n".join(log.text for log in logs)

    def rendered(self, markdown: str) -> str:
        """What the forge makes of markdown in a comment: HTML."""
        body = {"Text": markdown, "Mode": "comment", "Context": f"/{self.full_name}"}
        return self.server.ask("POST", "/markdown", body).raise_for_status().text

    def token(self, *scopes: str) -> str:
        """A token of the user's with these scopes only (`write:issue`, `read:repository`)."""
        password = given("FLOWLIFT_TEST_FORGE_PASSWORD", PART)
        return new_token(self.server, self.server.user, password, *scopes)

    def fork(self) -> Fork:
        """A fork by a stranger, who may only read here."""
        user, password = f"stranger-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
        account = {"username": user, "password": password, "must_change_password": False}
        body = {**account, "email": f"{user}@example.com"}
        self.server.ask("POST", "/admin/users", body).raise_for_status()
        path = f"{self.path}/collaborators/{user}"
        self.server.ask("PUT", path, {"permission": "read"}).raise_for_status()
        token = new_token(self.server, user, password, "write:repository", "write:issue")
        self.server.ask("POST", f"{self.path}/forks", {}, token).raise_for_status()
        return Fork(self, user, token)

    def approve(self) -> int:
        """Let the runs wait no more that the forge holds back; how many. Only its pages can."""
        runs = self.server.get(f"{self.path}/actions/runs")["workflow_runs"]
        held = [run["id"] for run in runs if run["status"] == "waiting"]
        login = {
            "user_name": self.server.user,
            "password": given("FLOWLIFT_TEST_FORGE_PASSWORD", PART),
        }
        with httpx.Client(base_url=self.server.url, timeout=30, trust_env=False) as browser:
            browser.post("/user/login", data=login)
            for run in held:
                path = f"/{self.full_name}/actions/runs/{run}/approve"
                browser.post(path).raise_for_status()
        return len(held)

    def delete(self) -> None:
        """Delete it, with all that is in it."""
        self.server.ask("DELETE", self.path)


@dataclass(frozen=True)
class Fork:
    """A repository's fork, and the stranger whose it is."""

    origin: ForgeRepository
    user: str
    token: str = field(repr=False)

    def push(self, branch: str) -> None:
        """Push a branch of the test's clone to the fork."""
        host = self.origin.server.url.partition("://")[2]
        url = f"http://{self.user}:{self.token}@{host}/{self.user}/{self.origin.name}.git"
        for _ in range(40):  # a fork is made in the background
            done = self.origin.server.ask("GET", f"/repos/{self.user}/{self.origin.name}/branches")
            if done.is_success and done.json():
                break
            time.sleep(0.25)
        self.origin.git.git("push", "--quiet", url, f"{branch}:refs/heads/{branch}")

    def pull_request(self, branch: str, title: str) -> int:
        """Open a pull request from the fork, as the stranger; its number."""
        body = {"head": f"{self.user}:{branch}", "base": "main", "title": title}
        path = f"{self.origin.path}/pulls"
        done = self.origin.server.ask("POST", path, body, self.token).raise_for_status()
        return int(done.json()["number"])

    def delete(self) -> None:
        """Delete the stranger, and all that is theirs."""
        self.origin.server.ask("DELETE", f"/admin/users/{self.user}?purge=true")


def new_token(server: ForgeServer, user: str, password: str, *scopes: str) -> str:
    """A token of a user's with these scopes only."""
    done = httpx.post(
        f"{server.api}/users/{user}/tokens",
        json={"name": uuid.uuid4().hex, "scopes": list(scopes)},
        auth=(user, password),
        timeout=30,
        trust_env=False,
    )
    return str(done.raise_for_status().json()["sha1"])


def create_forge_repository(server: ForgeServer, git: GitRepository) -> ForgeRepository:
    """A private repository on the forge, which becomes the origin of `git`."""
    name = f"t{uuid.uuid4().hex[:10]}"
    server.ask("POST", "/user/repos", {"name": name, "private": True}).raise_for_status()
    url = f"{server.url}/{server.user}/{name}.git"
    made = ForgeRepository(server, name, ForgeClone(git.path, git.remote, url))
    # Pushes are the developer's. What flowlift reads, it reads with the job's token.
    git.git("remote", "set-url", "origin", url)
    git.git("remote", "set-url", "--push", "origin", made.clone_url)
    return made
