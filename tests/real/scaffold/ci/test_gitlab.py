"""The workflows as `flowlift ci write gitlab` writes them, run by gitlab-ci-local.

No GitLab can be had, and gitlab-ci-local runs one pipeline of one clone: which jobs a pipeline has
and what they do is shown here, what GitLab itself does (tokens, environments, queues) is not.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.parts.given import MissingPartError, given, missing
from tests.parts.platform import Platform, flowlift
from tests.parts.root import ROOT

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("ci-gitlab")]

BIN = Path(sys.executable).parent
REQUEST = {
    "CI_PIPELINE_SOURCE": "merge_request_event",
    "CI_MERGE_REQUEST_IID": "3",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "7",
    "CI_MERGE_REQUEST_PROJECT_ID": "7",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
}
PUSH = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main"}


class Pipelines:
    """A platform with its written pipelines, and gitlab-ci-local to run them."""

    def __init__(self, platform: Platform, program: str) -> None:
        self.platform = platform
        self.git = platform.repository
        self._program = program

    def begin(self) -> None:
        """The pipelines on main; flowlift is this environment's own."""
        root = self.git.path
        config = root / "flowlift.toml"
        text = config.read_text("utf-8")
        config.write_text(f'{text}[ci]\nrequirement = "flowlift==0.1.0"\n', encoding="utf-8")
        done = flowlift(["ci", "write", "gitlab", "-C", str(root)], {})
        assert done.code == 0, done.err
        for file in (root / ".gitlab/flowlift").iterdir():
            # What is installed here is not in any index.
            here = file.read_text("utf-8").replace('uvx --from "$FLOWLIFT" flowlift', "flowlift")
            file.write_text(here, encoding="utf-8")
        self.platform.commit("Write the pipelines", {".gitignore": ".gitlab-ci-local/\n"})
        self.platform.push()
        self._remember_main()

    def jobs(self, variables: Mapping[str, str]) -> dict[str, str]:
        """The jobs of a pipeline with these variables, and when each runs."""
        said = self._run(["--list-csv"], variables)
        rows = list(csv.DictReader(said[said.index("name;") :].splitlines(), delimiter=";"))
        return {row["name"].removeprefix("flowlift:deployments:"): row["when"] for row in rows}

    def run(self, job: str, variables: Mapping[str, str]) -> str:
        """Run one job; what it says."""
        return self._run([job], variables)

    def _run(self, words: list[str], variables: Mapping[str, str]) -> str:
        given_variables = {"GITLAB_CI": "true", "CI_DEFAULT_BRANCH": "main", **variables}
        options = [
            word
            for name, value in given_variables.items()
            for word in ("--variable", f"{name}={value}")
        ]
        done = subprocess.run(
            [self._program, "--force-shell-executor", *options, *words],
            cwd=self.git.path,
            env={
                "PATH": f"{BIN}:{os.environ['PATH']}",
                "HOME": str(self.git.path.parent),
                "NO_COLOR": "1",
                "FLOWLIFT_DEV_API_URL": self.platform.dev.url,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _remember_main(self) -> None:
        """`changes` compares with what the clone knows of the remote's default branch."""
        self.git.git("update-ref", "refs/remotes/origin/main", "main")
        self.git.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")

    def request(self, branch: str) -> dict[str, str]:
        """The variables of a merge request's pipeline."""
        workspaces = {
            "FLOWLIFT_DEV_API_URL": self.platform.dev.url,
            "FLOWLIFT_PROD_API_URL": self.platform.prod.url,
        }
        return {**REQUEST, **workspaces, "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": branch}

    def live(self) -> dict[str, Any]:
        return self.platform.live(self.platform.dev)


@pytest.fixture
def pipelines(platform: Platform) -> Pipelines:
    try:
        program = given("FLOWLIFT_TEST_GITLAB_CI_LOCAL", "ci-tools")
    except MissingPartError as reason:
        missing(str(reason))
    if shutil.which("rsync") is None:
        missing("rsync is not installed, which gitlab-ci-local needs.")
    made = Pipelines(platform, program)
    made.begin()
    return made


def test_a_merge_request_runs_in_dev_and_goes_back_when_its_branch_is_gone(
    pipelines: Pipelines,
) -> None:
    platform = pipelines.platform
    platform.branch("feat/rows")
    platform.named("hourly")["parameters"] = {"rows": 9}
    platform.commit("Take 9 rows")
    platform.push()
    variables = pipelines.request("feat/rows")
    assert pipelines.jobs(variables) == {
        "dev-proposed": "on_success",
        "dev-proposed-gone": "manual",
    }
    pipelines.run("flowlift:deployments:dev-proposed", variables)
    assert pipelines.live()["hourly"]["parameters"] == {"rows": 9}

    stopping = {**variables, "CI_ENVIRONMENT_ACTION": "stop"}
    pipelines.run("flowlift:deployments:dev-proposed-gone", stopping)
    assert "feat/rows" not in str(pipelines.live())


def test_which_jobs_other_pipelines_have(pipelines: Pipelines) -> None:
    platform = pipelines.platform
    assert pipelines.jobs(PUSH) == {}
    platform.commit("At once", {"src/shared/rows.py": "def count(rows):\n    return rows\n"})
    assert pipelines.jobs(PUSH) == {"dev": "on_success", "prod": "on_success"}
    platform.repository.git("reset", "--quiet", "--hard", "HEAD~1")
    platform.branch("docs/only")
    platform.commit("Tell more", {"docs/more.md": "more\n", "README.md": "read\n"})
    assert pipelines.jobs(pipelines.request("docs/only")) == {}
    platform.commit("And a flow", {"src/shared/rows.py": "def count(rows):\n    return rows\n"})
    forked = {**pipelines.request("docs/only"), "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "8"}
    assert pipelines.jobs(forked) == {"fork": "on_success"}
    branch = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "docs/only"}
    assert pipelines.jobs(branch) == {}
    assert pipelines.jobs({"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_TAG": "v1"}) == {}


def test_the_component_runs_what_it_is_told(pipelines: Pipelines) -> None:
    component = (ROOT / "templates/deliver.yml").read_text("utf-8")
    here = component.replace('uvx --from "$FLOWLIFT" flowlift', "flowlift")
    include = {
        "include": [
            {
                "local": "/templates/deliver.yml",
                "inputs": {"job": "told", "arguments": "--only deployments --dry-run"},
            }
        ]
    }
    files = {"templates/deliver.yml": here, ".gitlab-ci.yml": yaml.safe_dump(include)}
    pipelines.platform.branch("feat/component")
    pipelines.platform.named("hourly")["parameters"] = {"rows": 9}
    pipelines.platform.commit("Use the component", files)
    pipelines.platform.push()
    said = pipelines.run("told", pipelines.request("feat/component"))
    assert "deployments: apply dev" in said
    assert pipelines.live() == {}
