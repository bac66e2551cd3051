"""Deliver, event by event, on a real forge and two real servers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.real.forge import ForgeRepository
from tests.real.platform import SHARED, Platform, Result
from tests.real.workspaces import Workspace

pytestmark = pytest.mark.real


class Delivery:
    """A platform on the forge, and the jobs that its events start."""

    def __init__(self, forge: ForgeRepository, platform: Platform, folder: Path) -> None:
        self.forge = forge
        self.platform = platform
        self.folder = folder

    def job(self, environ: dict[str, str], *arguments: str) -> Result:
        """`flowlift deliver`, as a job does it."""
        return self.platform.flowlift("deliver", *arguments, environ=environ)

    def json(self, environ: dict[str, str], *arguments: str) -> dict[str, Any]:
        """What a job that must succeed prints with `--json`."""
        done = self.job(environ, "--json", *arguments)
        assert done.code == 0, done.err
        document: dict[str, Any] = json.loads(done.out)
        return document

    def pull(self, number: int, action: str) -> dict[str, str]:
        return self.forge.pull_event(number, action, self.folder)

    def push(self, before: str, after: str, branch: str = "main") -> dict[str, str]:
        """The environment of a push's job."""
        event = {"ref": f"refs/heads/{branch}", "before": before, "after": after}
        return self.forge.event("push", self.folder, **event) | {
            "GITHUB_REF": f"refs/heads/{branch}",
            "GITHUB_SHA": after,
        }

    def change(self, branch: str, rows: int = 7) -> int:
        """A pull request that changes one deployment's parameters."""
        self.platform.branch(branch)
        self.platform.named("hourly")["parameters"] = {"rows": rows}
        self.platform.commit(f"Take {rows} rows")
        self.platform.push()
        return self.forge.pull_request(branch)

    def update(self) -> None:
        """Bring the clone to the remote's main."""
        git = self.forge.git
        git.git("switch", "--quiet", "main")
        git.git("pull", "--quiet", "--ff-only", "origin", "main")


@pytest.fixture
def delivery(
    workspaces: tuple[Workspace, Workspace], forge_repository: ForgeRepository, tmp_path: Path
) -> Delivery:
    platform = Platform(forge_repository.git, *workspaces)
    platform.begin()
    return Delivery(forge_repository, platform, tmp_path)


def test_from_a_pull_request_to_prod(delivery: Delivery) -> None:
    forge, platform = delivery.forge, delivery.platform
    base = forge.git.git("rev-parse", "HEAD")
    number = delivery.change("feat/rows")
    opened = delivery.json(delivery.pull(number, "opened"))
    assert [(s["verb"], s["environment"]) for s in opened["steps"]] == [
        ("apply", "dev"),
        ("plan", "prod"),
    ]
    live = platform.live(platform.dev)
    assert list(live) == ["hourly"]
    assert live["hourly"]["parameters"] == {"rows": 7}
    first = forge.comment(number)
    assert "Runs `feat/rows` now:" in first
    assert "After the merge:" in first

    platform.commit("Count otherwise", {"src/shared/rows.py": SHARED + "# more\n"})
    platform.push()
    delivery.json(delivery.pull(number, "synchronized"))
    assert sorted(platform.live(platform.dev)) == ["hourly", "nightly"]
    (only,) = forge.comments(number)
    assert "nightly" in only["body"]

    merged = forge.merge(number)
    delivery.update()
    after = delivery.json(delivery.push(base, merged))
    assert [(s["verb"], s["environment"], s["code"]) for s in after["steps"]] == [
        ("apply", "prod", 0),
        ("sync", "dev", 0),
    ]
    assert sorted(platform.live(platform.prod)) == ["hourly", "nightly", "weekly"]
    assert all("feat/rows" not in item["tags"] for item in platform.live(platform.dev).values())
    comments = forge.comments(number)
    assert len(comments) == 2
    assert "Runs `main` now:" in comments[1]["body"]

    delivery.json(delivery.push(base, merged))
    assert [c["body"] for c in forge.comments(number)] == [c["body"] for c in comments]
