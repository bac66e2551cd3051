"""The three workflows as `flowlift ci write github` writes them, run by a real forge's events.

The forge is Gitea, which reads what GitHub reads. `forge_jobs` says what is changed for it: pins.
"""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.parts.forge import ForgeRepository
from tests.parts.forge_jobs import ForgeJobs, required
from tests.parts.platform import SHARED, Platform
from tests.parts.root import ROOT
from tests.parts.workspaces import Workspace

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("ci-forge")]


class Story:
    """A platform on the forge with its written workflows, and what its events do."""

    def __init__(self, forge: ForgeRepository, platform: Platform, jobs: ForgeJobs) -> None:
        self.forge = forge
        self.platform = platform
        self.jobs = jobs

    def begin(self, requirement: str) -> None:
        """The first commit on main, with the workflows; its run brings PROD and DEV up."""
        self.platform.begin()
        self.jobs.configure(requirement)
        self.jobs.write_workflows()
        self.jobs.give(
            {
                "FLOWLIFT_DEV_API_URL": self.platform.dev.url,
                "FLOWLIFT_PROD_API_URL": self.platform.prod.url,
            },
            {},
        )
        # A push that changes nothing of the deployments would start nothing for them.
        self.platform.named("hourly")["parameters"] = {"rows": 6}
        self.platform.commit("Write the workflows")
        self.platform.push()
        (run,) = self.jobs.settled()
        assert run.conclusion == "success", run.log

    def change(self, branch: str, rows: int, title: str = "") -> int:
        """A pull request that changes one deployment."""
        self.platform.branch(branch)
        self.platform.named("hourly")["parameters"] = {"rows": rows}
        self.platform.commit(f"Take {rows} rows")
        self.platform.push()
        return self.forge.pull_request(branch, title)

    def dev(self) -> dict[str, Any]:
        return self.platform.live(self.platform.dev)

    def prod(self) -> dict[str, Any]:
        return self.platform.live(self.platform.prod)

    def on_main(self) -> None:
        """Bring the clone to the forge's main."""
        git = self.forge.git
        git.git("switch", "--quiet", "main")
        git.git("pull", "--quiet", "--ff-only", self.forge.clone_url, "main")


@pytest.fixture
def story(
    workspaces: tuple[Workspace, Workspace],
    forge_repository: ForgeRepository,
    setup_uv: dict[str, str],
    wheel: Path,
) -> Story:
    platform = Platform(forge_repository.git, *workspaces)
    made = Story(forge_repository, platform, ForgeJobs(forge_repository, setup_uv))
    made.begin(required(wheel))
    return made


def test_the_life_of_a_pull_request(story: Story) -> None:
    forge, jobs = story.forge, story.jobs
    assert sorted(story.prod()) == ["hourly", "nightly", "weekly"]

    number = story.change("feat/rows", rows=7)
    (opened,) = jobs.settled()
    assert opened.event == "pull_request"
    assert opened.conclusion == "success", opened.log
    assert opened.ran == ["dev: the pull request's deployments"]
    assert story.dev()["hourly"]["parameters"] == {"rows": 7}
    assert "feat/rows" in story.dev()["hourly"]["tags"]
    comment = forge.comment(number)
    assert "Runs `feat/rows` now:" in comment
    assert "After the merge:" in comment

    story.platform.commit("Count otherwise", {"src/shared/rows.py": SHARED + "# more\n"})
    story.platform.push()
    (again,) = jobs.settled()
    assert again.conclusion == "success", again.log
    assert "feat/rows" in story.dev()["nightly"]["tags"]
    assert "nightly" in forge.comment(number)

    merged = forge.merge(number)
    runs = jobs.settled(2)
    assert sorted(run.event for run in runs) == ["pull_request", "push"]
    assert [run.conclusion for run in runs] == ["success", "success"], [r.log for r in runs]
    assert story.prod()["hourly"]["parameters"] == {"rows": 7}
    assert story.prod()["hourly"]["labels"]["flowlift.commit"] == merged
    assert all(schedule["active"] for schedule in story.prod()["hourly"]["schedules"])
    assert all("feat/rows" not in item["tags"] for item in story.dev().values())
    assert len(forge.comments(number)) == 2

    forge.server.ask("DELETE", f"{forge.path}/branches/feat%2Frows").raise_for_status()
    (gone,) = jobs.settled()
    assert (gone.event, gone.conclusion) == ("delete", "success"), gone.log


def test_closed_reopened_and_its_branch_deleted(story: Story) -> None:
    forge, jobs = story.forge, story.jobs
    number = story.change("feat/maybe", rows=8)
    jobs.settled()
    for state, rows in (("closed", 6), ("open", 8)):
        forge.server.ask("PATCH", f"{forge.path}/pulls/{number}", {"state": state})
        (run,) = jobs.settled()
        assert run.conclusion == "success", run.log
        assert story.dev()["hourly"]["parameters"] == {"rows": rows}
    # That closes it as well: two events for one thing, and neither undoes the other.
    forge.server.ask("DELETE", f"{forge.path}/branches/feat%2Fmaybe").raise_for_status()
    runs = jobs.settled()
    assert {run.conclusion for run in runs} == {"success"}, [run.log for run in runs]
    assert "delete" in {run.event for run in runs}
    assert story.dev()["hourly"]["parameters"] == {"rows": 6}
    assert not [tag for item in story.dev().values() for tag in item["tags"]]
    assert story.prod()["hourly"]["parameters"] == {"rows": 6}


def test_what_starts_nothing_and_a_direct_push(story: Story) -> None:
    forge, jobs, platform = story.forge, story.jobs, story.platform
    platform.branch("docs/only")
    platform.commit("Tell more", {"docs/more.md": "more\n", "README.md": "read\n"})
    platform.push()
    forge.pull_request("docs/only")
    forge.git.git("tag", "--annotate", "--message", "by hand", "v9")
    forge.git.git("push", "--quiet", "origin", "v9")
    jobs.none()

    story.on_main()
    platform.named("weekly")["parameters"] = {"day": "monday"}
    platform.commit("At once")
    platform.push()
    (run,) = jobs.settled()
    assert (run.event, run.conclusion) == ("push", "success"), run.log
    assert run.ran == ["dev: back to the default branch", "prod: the default branch's deployments"]
    assert story.prod()["weekly"]["parameters"] == {"day": "monday"}


def test_a_draft_is_shown_and_written_to_dev_once_it_is_none(story: Story) -> None:
    forge, jobs = story.forge, story.jobs
    number = story.change("feat/draft", rows=11, title="WIP: more rows")
    (drafted,) = jobs.settled()
    assert drafted.conclusion == "success", drafted.log
    assert "is a draft" in drafted.log
    assert story.dev()["hourly"]["parameters"] == {"rows": 6}
    assert "`parameters.rows`" in forge.comment(number)

    forge.server.ask("PATCH", f"{forge.path}/pulls/{number}", {"title": "More rows"})
    story.platform.named("hourly")["parameters"] = {"rows": 12}
    story.platform.commit("Take 12 rows")
    story.platform.push()
    (ready,) = jobs.settled()
    assert ready.conclusion == "success", ready.log
    assert story.dev()["hourly"]["parameters"] == {"rows": 12}
    assert "Runs `feat/draft` now:" in forge.comment(number)


HOSTILE = {
    "hourly": ("$(id>pwned)", "`id>pwned` </details><script>alert(1)</script>"),
    "nightly": ('größe-🚀";touch${IFS}pwned;"', "$(touch pwned) ${{ github.token }} {{7*7}}"),
    "weekly": ("{{7+7}}/" + "l" * 192, "| a | table | <!-- flowlift ünïcödé \u202e reversed"),
}


def test_hostile_names_run_nothing_and_are_shown_as_they_are(story: Story) -> None:
    forge, jobs, platform = story.forge, story.jobs, story.platform
    numbers = {}
    for name, (branch, title) in HOSTILE.items():
        platform.repository.switch("main")
        platform.branch(branch)
        platform.named(name)["tags"] = ["changed"]
        platform.commit(title)
        platform.named(name).pop("tags")
        platform.push()
        numbers[name] = forge.pull_request(branch, title)
    runs = jobs.settled(len(HOSTILE))
    assert {run.conclusion for run in runs} == {"success"}, [run.log for run in runs]
    for name, (branch, _) in HOSTILE.items():
        assert branch in story.dev()[name]["tags"]
        shown = forge.rendered(forge.comment(numbers[name]))
        assert "<script" not in shown
        assert branch in html.unescape(shown)

    forge.merge(numbers["hourly"])
    runs = jobs.settled(2)
    assert {run.conclusion for run in runs} == {"success"}, [run.log for run in runs]
    assert story.prod()["hourly"]["tags"] == ["changed"]
    branch, _ = HOSTILE["hourly"]
    assert branch not in story.dev()["hourly"]["tags"]
    _, after = forge.comments(numbers["hourly"])
    assert "<script" not in forge.rendered(after["body"])
    assert "Runs `main` now:" in after["body"]
    # The branches are deleted by names that are as they are.
    for branch, _ in HOSTILE.values():
        where = f"{forge.path}/branches/{quote(branch, safe='')}"
        forge.server.ask("DELETE", where).raise_for_status()
    runs = jobs.settled(len(HOSTILE))
    assert {run.conclusion for run in runs} == {"success"}, [run.log for run in runs]
    assert not [item["name"] for item in story.dev().values() if set(item["tags"]) - {"changed"}]
    assert forge.server.runner is not None
    assert not list(forge.server.runner.parent.rglob("pwned*"))


def test_a_branch_with_a_template_in_its_name_is_refused_in_words(story: Story) -> None:
    story.change("{{work}}", rows=30)
    (run,) = story.jobs.settled()
    assert run.conclusion == "failure"
    assert "has a template in its name" in run.log
    assert story.dev()["hourly"]["parameters"] == {"rows": 6}


def test_a_forks_pull_request_is_checked_without_secrets_and_writes_nothing(story: Story) -> None:
    """Of a stranger, who has changed the workflow as well: it prints what it is given."""
    forge, jobs, platform = story.forge, story.jobs, story.platform
    jobs.give({}, {"FLOWLIFT_DEV_API_AUTH_STRING": "admin:of-ours"})
    before, summaries = (story.dev(), story.prod()), jobs.summaries()
    fork = forge.fork()
    try:
        platform.branch("feat/stranger")
        platform.named("hourly")["parameters"] = {"rows": 9}
        workflow = ".github/workflows/flowlift-deployments.yml"
        text = (forge.git.path / workflow).read_text("utf-8")
        text = text.replace("\n  dev-proposed:", GREEDY + "  dev-proposed:")
        platform.commit("Take nine", {workflow: text})
        fork.push("feat/stranger")
        number = fork.pull_request("feat/stranger", "`id` $(id) </details>")
        jobs.none(1.0, but=("waiting",))  # nothing until somebody has looked at it
        assert forge.approve() == 1
        (run,) = jobs.settled()
        assert (run.event, run.conclusion) == ("pull_request", "success"), run.log
        assert run.ran == ["Check a fork's changes", "greedy"]
        checking = run.logs["Check a fork's changes"]
        assert "comes from a fork, which gets no secrets" in checking
        assert "FLOWLIFT_DEV_API" not in checking
        greedy = run.logs["greedy"]
        assert "given=[]" in greedy
        assert "written=[403]" in greedy, greedy
        assert (story.dev(), story.prod()) == before
        assert not forge.comments(number)
        said = [text for name, text in jobs.summaries().items() if name not in summaries]
        told = next(text for text in said if "as a fork gets no secrets." in text)
        assert f"`{platform.dev.prefix}-ingest/hourly`" in told

        # What is wrong with it is said, and fails the check.
        platform.named("hourly")["schedules"] = [{"cron": "61 * * * *"}]
        platform.commit("At a minute that is not there")
        fork.push("feat/stranger")
        forge.approve()
        (wrong,) = jobs.settled()
        assert wrong.jobs["Check a fork's changes"] == "failure", wrong.log
        assert "::error file=prefect.yaml" in wrong.log
        assert (story.dev(), story.prod()) == before

        forge.server.ask("PATCH", f"{forge.path}/pulls/{number}", {"state": "closed"})
        (closed,) = jobs.settled()
        assert closed.ran == []
    finally:
        fork.delete()


GREEDY = """
  greedy:
    name: greedy
    if: github.event.action != 'closed'
    runs-on: ubuntu-latest
    permissions: write-all
    steps:
      - env:
          GIVEN: ${{ secrets.FLOWLIFT_DEV_API_AUTH_STRING }}
          TOKEN: ${{ github.token }}
        run: |
          echo "given=[$GIVEN]"
          code=$(curl -s -o /dev/null -w '%{http_code}' -X POST -H "Authorization: token $TOKEN" \\
            -H 'Content-Type: application/json' -d '{"content": "eA==", "branch": "main"}' \\
            "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/contents/pwned.txt")
          echo "written=[$code]"
"""


OWN_WORKFLOW = """\
name: own
on:
  push:
    branches: [own/**]
permissions:
  contents: read
jobs:
  own:
    runs-on: ubuntu-latest
    outputs:
      changed: ${{ steps.flowlift.outputs.changed }}
    steps:
      - uses: actions/checkout@v6
        with: {fetch-depth: 0}
      - id: flowlift
        uses: ./.flowlift
        with: {arguments: "check --json"}
"""


def test_the_composite_action_does_what_it_is_told(story: Story, wheel: Path) -> None:
    """The action stands in the repository, as this forge has no other; it installs the wheel."""
    action = (ROOT / "action.yml").read_text("utf-8").replace("from=$HERE", f"from={wheel}")
    story.platform.branch("own/action")
    files = {".github/workflows/own.yml": OWN_WORKFLOW, ".flowlift/action.yml": action}
    story.platform.commit("Use the action", files)
    story.platform.push()
    (run,) = story.jobs.settled()
    assert run.conclusion == "success", run.log
    assert '"deployments": 3' in run.log


def test_a_workers_pool_is_updated_in_dev_then_in_prod(story: Story) -> None:
    """A pool without Kubernetes, whose template is a file with a space in its name."""
    platform, jobs, forge = story.platform, story.jobs, story.forge
    platform.branch("feat/pool")
    (pool,) = platform.dev.pools()
    template = pool["base_job_template"]
    template["variables"]["properties"]["env"]["description"] = "Ours."
    config = platform.repository.path / "flowlift.toml"
    worker = f'[worker]\npool = "{platform.pool}"\ntemplate = "etc/pool {{env}}.json"\n'
    config.write_text(config.read_text("utf-8") + worker, encoding="utf-8")
    text = json.dumps(template)
    platform.repository.write({"etc/pool dev.json": text, "etc/pool prod.json": text})
    jobs.write_workflows()
    platform.commit("Describe the pool")
    platform.push()
    number = forge.pull_request("feat/pool")
    runs = {run.workflow: run for run in jobs.settled(2)}
    proposed = runs["flowlift-worker.yml"]
    assert (proposed.conclusion, proposed.ran) == (
        "success",
        ["dev: the worker and its pool"],
    ), proposed.log
    assert described(platform.dev) == "Ours."
    assert described(platform.prod) != "Ours."

    forge.merge(number)
    ended = {(run.workflow, run.event): run for run in jobs.settled(3)}
    merged = ended["flowlift-worker.yml", "push"]
    assert (merged.conclusion, merged.ran) == (
        "success",
        ["dev: the worker and its pool", "prod: the worker and its pool"],
    ), merged.log
    assert described(platform.prod) == "Ours."


def described(workspace: Workspace) -> str:
    """What the pool says of its variable `env`."""
    (pool,) = workspace.pools()
    properties = pool["base_job_template"]["variables"]["properties"]
    return str(properties["env"].get("description"))
