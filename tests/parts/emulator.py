"""GitHub's API, emulated: its paths, pages and status codes, where GitHub itself cannot be had.

The emulator is npm's `emulate`. What it does otherwise than GitHub is not asserted: a release makes
no tag, unknown tokens pass, there are neither deployments nor the pull requests of a commit.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import httpx

from tests.parts.given import given

PART = "github-emulator"
TOKEN = "test-token"


@dataclass(frozen=True)
class EmulatedGitHub:
    """A repository of a test's own on the emulator."""

    url: str
    name: str

    @property
    def path(self) -> str:
        return f"/repos/dev/{self.name}"

    @property
    def environ(self) -> dict[str, str]:
        """What a job of this repository has in its environment."""
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.url,
            "GITHUB_REPOSITORY": f"dev/{self.name}",
            "GITHUB_TOKEN": TOKEN,
        }

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of an answer that must be one of success."""
        done = httpx.request(
            method,
            f"{self.url}{path}",
            json=body,
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=20,
            trust_env=False,
        )
        done.raise_for_status()
        return done.json() if done.content else None

    def pull_request(self, branch: str) -> tuple[int, str]:
        """A branch with a file of its own, and a pull request for it: its number and commit."""
        head = self.ask("GET", f"{self.path}/git/ref/heads/main")["object"]["sha"]
        refs = {"ref": f"refs/heads/{branch}", "sha": head}
        self.ask("POST", f"{self.path}/git/refs", refs)
        content = {"message": "change", "content": "YQo=", "branch": branch}
        done = self.ask("PUT", f"{self.path}/contents/{branch}.txt", content)
        opened = {"title": branch, "head": branch, "base": "main"}
        pull = self.ask("POST", f"{self.path}/pulls", opened)
        return int(pull["number"]), str(done["commit"]["sha"])


def create_emulated_repository() -> EmulatedGitHub:
    """A repository with a first commit on main.

    Raises:
        MissingPartError: nobody gives an emulator.
    """
    url = given("FLOWLIFT_TEST_GITHUB_EMULATOR", PART).rstrip("/")
    made = EmulatedGitHub(url, f"t{uuid.uuid4().hex[:10]}")
    made.ask("POST", "/user/repos", {"name": made.name, "private": True, "auto_init": True})
    return made
