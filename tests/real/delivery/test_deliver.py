"""Deliver, event by event, on a real forge and two real servers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.parts.forge import ForgeRepository
from tests.parts.kept import Kept
from tests.parts.platform import SHARED, Platform, Result, flowlift
from tests.parts.servers import Server
from tests.parts.workspaces import Workspace

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
        git.git("pull", "--quiet", "--ff-only", self.forge.clone_url, "main")


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
    assert f"From this branch: `{platform.dev.prefix}-ingest/hourly`." in first
    assert "After the merge:" in first

    delivery.json(delivery.pull(number, "reopened"))
    assert f"From this branch as before: `{platform.dev.prefix}-ingest/hourly`." in forge.comment(
        number
    )

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


def test_documentation_alone_is_nothing(delivery: Delivery) -> None:
    delivery.json(delivery.push("0" * 40, delivery.forge.git.git("rev-parse", "HEAD")))
    delivery.platform.branch("docs")
    delivery.platform.commit("Tell more", {"README.md": "more\n"})
    delivery.platform.push()
    number = delivery.forge.pull_request("docs")
    done = delivery.json(delivery.pull(number, "opened"))
    assert done["steps"] == []
    assert "neither a manifest nor" in done["left"]["deployments"]
    again = delivery.json(delivery.pull(number, "synchronized"))
    assert all(not step["written"] for step in again["steps"])
    assert delivery.forge.comments(number) == []


@pytest.mark.parametrize("draft", [True, False])
def test_a_draft_is_only_shown(delivery: Delivery, draft: bool) -> None:
    number = delivery.change("feat/rows")
    title = {"title": "WIP: rows" if draft else "rows"}
    delivery.forge.server.ask("PATCH", f"{delivery.forge.path}/pulls/{number}", title)
    done = delivery.json(delivery.pull(number, "opened"))
    assert [step["verb"] for step in done["steps"]] == ["plan" if draft else "apply", "plan"]
    assert bool(delivery.platform.live(delivery.platform.dev)) is not draft
    assert "hourly" in delivery.forge.comment(number)


@pytest.mark.parametrize("deleted", [True, False])
def test_a_branch_that_was_never_merged_leaves_dev(delivery: Delivery, deleted: bool) -> None:
    forge, platform = delivery.forge, delivery.platform
    number = delivery.change("feat/rows")
    delivery.json(delivery.pull(number, "opened"))
    assert platform.live(platform.dev)["hourly"]["parameters"] == {"rows": 7}
    forge.git.git("switch", "--quiet", "main")
    if deleted:
        forge.git.git("push", "--quiet", forge.clone_url, ":feat/rows")
        environ = forge.event(
            "delete", delivery.folder, ref="refs/heads/feat/rows", ref_type="branch"
        )
    else:
        forge.server.ask("PATCH", f"{forge.path}/pulls/{number}", {"state": "closed"})
        environ = delivery.pull(number, "closed")
    done = delivery.json(environ, "--only", "deployments", "--env", "dev")
    assert [(step["verb"], step["environment"]) for step in done["steps"]] == [("sync", "dev")]
    assert platform.live(platform.dev)["hourly"]["parameters"] == {"rows": 5}
    assert ("Back on `main`" in forge.comment(number)) is not deleted


def test_a_job_for_each_environment_writes_one_comment(delivery: Delivery) -> None:
    number = delivery.change("feat/rows")
    environ = delivery.pull(number, "opened")
    for name in ("prod", "dev"):
        delivery.json(environ, "--only", "deployments", "--env", name)
    body = delivery.forge.comment(number)
    assert body.index("### dev") < body.index("### prod")


def test_a_comment_that_cannot_be_written_fails_nothing(delivery: Delivery) -> None:
    number = delivery.change("feat/rows")
    token = delivery.forge.token("read:repository", "read:issue", "read:user")
    done = delivery.job(delivery.pull(number, "opened") | {"GITHUB_TOKEN": token})
    assert done.code == 0
    assert "Note: not written: the comment: Gitea answers 403" in done.err
    assert "`issues: write`" in done.err
    assert token not in done.err + done.out
    assert list(delivery.platform.live(delivery.platform.dev)) == ["hourly"]


def test_findings_stop_a_delivery_and_stand_at_their_line(delivery: Delivery) -> None:
    platform = delivery.platform
    platform.branch("feat/rows")
    platform.named("hourly")["schedules"] = [{"cron": "61 * * * *"}]
    platform.commit("Break it")
    platform.push()
    number = delivery.forge.pull_request("feat/rows")
    summary = delivery.folder / "summary.md"
    environ = delivery.pull(number, "opened") | {"GITHUB_STEP_SUMMARY": str(summary)}
    done = delivery.job(environ)
    assert done.code == 2
    (line,) = [line for line in done.err.splitlines() if line.startswith("::error ")]
    assert line.startswith("::error file=prefect.yaml,line=")
    stopped = done.err.index("::stop-commands::")
    word = done.err[stopped:].splitlines()[0].removeprefix("::stop-commands::")
    assert done.err.index(f"::{word}::") < done.err.index(line)
    for text in (delivery.forge.comment(number), summary.read_text()):
        assert "1 error" in text
    assert platform.live(platform.dev) == {}
    assert "Not begun: deployments plan prod" in done.err


def test_outputs_for_later_jobs(delivery: Delivery) -> None:
    number = delivery.change("feat/rows")
    output = delivery.folder / "output"
    environ = delivery.pull(number, "opened")
    environ |= {"GITHUB_OUTPUT": str(output), "RUNNER_TEMP": str(delivery.folder)}
    delivery.json(environ)
    said = dict(line.split("=", 1) for line in output.read_text().splitlines())
    assert said["changed"] == "true"
    names = json.loads(said["deployments"])
    assert f"{delivery.platform.dev.prefix}-ingest/hourly" in names
    assert json.loads(Path(said["plan"]).read_text())["environment"] == "dev"


def test_a_dry_run_says_why_and_asks_nobody(delivery: Delivery) -> None:
    number = delivery.change("feat/rows")
    environ = delivery.pull(number, "opened")
    nowhere = {"FLOWLIFT_DEV_API_URL": "", "FLOWLIFT_PROD_API_URL": "", "GITHUB_TOKEN": ""}
    done = delivery.job(environ | nowhere, "--dry-run")
    assert done.code == 0
    assert f"proposed: pull request {number} is open" in done.out
    assert "deployments: apply dev (changed: hourly)" in done.out
    assert "image: nothing (no image is configured)" in done.out


def test_without_prod_s_address_dev_is_delivered(delivery: Delivery) -> None:
    number = delivery.change("feat/rows")
    environ = delivery.pull(number, "opened") | {"FLOWLIFT_PROD_API_URL": ""}
    done = delivery.job(environ)
    assert done.code == 0
    assert "prod: not planned" in done.err
    assert "Not planned: this job has no address of prod" in delivery.forge.comment(number)
    assert delivery.job(environ, "--env", "prod").code == 2


def test_a_detached_head_and_a_shallow_clone(delivery: Delivery, tmp_path: Path) -> None:
    forge = delivery.forge
    number = delivery.change("feat/rows")
    environ = delivery.pull(number, "opened")
    shallow = tmp_path / "shallow"
    forge.git.git(
        "clone", "--quiet", "--depth=1", "--branch=feat/rows", forge.clone_url, str(shallow)
    )
    cut = flowlift(["deliver", "-C", str(shallow)], {**delivery.platform.environ, **environ})
    assert cut.code == 2
    assert "fetch-depth: 0" in cut.err
    forge.git.git("switch", "--quiet", "--detach")
    assert delivery.job(environ).code == 0
    assert "Runs `feat/rows` now:" in forge.comment(number)


HOSTILE = [
    "$(id>pwned)",
    'a";touch${IFS}pwned;"',
    "x" * 200,
    "größe-日本語",
    "`id`",
    "<b>bold</b>",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_shown_and_do_nothing(delivery: Delivery, name: str) -> None:
    platform, forge = delivery.platform, delivery.forge
    platform.branch(name)
    platform.named("hourly")["parameters"] = {"rows": 7}
    platform.named("hourly")["description"] = f"</details> {name} <script>alert(1)</script>"
    platform.commit("Change it")
    platform.push()
    number = forge.pull_request(name, title="`</details>` <!-- flowlift:end -->")
    done = delivery.job(delivery.pull(number, "opened"))
    assert done.code == 0, done.err
    shown = forge.rendered(forge.comment(number))
    assert shown.count("<details") == shown.count("</details")
    assert "<script" not in shown
    assert "<b>bold" not in shown
    assert not list(Path().glob("pwned"))
    assert not list(forge.git.path.rglob("pwned"))


VERIFIED = '[env.dev]\nref = "branch"\nschedules = "off"\nverify = true\n'


def test_what_dev_got_is_run_and_how_it_ended_is_said(
    platform: Platform, start_worker: Callable[[Server, str], Kept], tmp_path: Path
) -> None:
    start_worker(platform.dev.server, platform.pool)
    config = platform.repository.path / "flowlift.toml"
    own = config.read_text().replace('[env.dev]\nref = "branch"\nschedules = "off"\n', VERIFIED)
    platform.commit("Run what DEV gets", {"flowlift.toml": own})
    platform.push()
    platform.branch("feat/rows")
    platform.named("hourly")["parameters"] = {"rows": 7}
    platform.named("nightly")["parameters"] = {"source": "nowhere"}
    platform.commit("Run them")
    platform.push()
    summary = tmp_path / "summary.md"
    done = platform.flowlift(
        "deliver",
        "--event=pull_request",
        "--env=dev",
        "--json",
        environ={"GITHUB_STEP_SUMMARY": str(summary)},
    )
    assert done.code == 1, done.err
    (step,) = json.loads(done.out)["steps"]
    states = {name.partition("/")[2]: state for name, state in step["runs"].items()}
    assert states == {"hourly": "Completed", "nightly": "Failed"}
    text = summary.read_text()
    assert text.index("nightly` | Failed") < text.index("hourly` | Completed")
    assert "no such source" in text
    # The gate stays shut: a job that runs again writes nothing, and runs what has not run well.
    again = platform.flowlift("deliver", "--event=pull_request", "--env=dev", "--json")
    assert again.code == 1, again.err
    (step,) = json.loads(again.out)["steps"]
    assert step["written"] == []
    states = {name.partition("/")[2]: state for name, state in step["runs"].items()}
    assert states == {"nightly": "Failed"}
    # A commit of source alone writes nothing either, and everything is run at it.
    flow = (platform.repository.path / "src/flows/ingest.py").read_text("utf-8")
    mended = flow.replace('source == "nowhere"', "source is None")
    platform.commit("Mend it", {"src/flows/ingest.py": mended})
    platform.push()
    green = platform.flowlift("deliver", "--event=pull_request", "--env=dev", "--json")
    assert green.code == 0, green.err
    (step,) = json.loads(green.out)["steps"]
    assert step["written"] == []
    states = {name.partition("/")[2]: state for name, state in step["runs"].items()}
    assert states == {"hourly": "Completed", "nightly": "Completed"}
