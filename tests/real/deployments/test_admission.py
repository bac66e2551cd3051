"""What PROD gets: what the remote's default branch has, as committed, and never an older commit."""

from __future__ import annotations

from typing import Any

import pytest

from tests.parts.platform import SHARED, Platform, Result, flowlift
from tests.parts.proxy import Proxy

pytestmark = pytest.mark.real


def refused(platform: Platform, *arguments: str, says: str) -> None:
    """`apply prod` ends with 2, says why, and has written nothing."""
    with Proxy(platform.prod.url) as proxy:
        done = platform.flowlift(
            "apply", "prod", "--yes", *arguments, environ={"FLOWLIFT_PROD_API_URL": proxy.url}
        )
        assert done.code == 2, done.out + done.err
        assert says in " ".join(done.err.split())
        assert proxy.writes == []


def test_what_is_not_committed_is_refused(platform: Platform) -> None:
    platform.repository.write({"src/shared/rows.py": SHARED + "\n"})
    refused(platform, says="Not committed: src/shared/rows.py. prod gets only what the remote has.")


@pytest.mark.parametrize("file", ["src/flows/new.py", "src/prefect.yaml"])
def test_new_code_and_manifests_that_are_not_committed_are_refused(
    platform: Platform, file: str
) -> None:
    config = (platform.repository.path / "flowlift.toml").read_text("utf-8")
    platform.commit("globs", {"flowlift.toml": 'manifests = ["**/prefect.yaml"]\n' + config})
    platform.push()
    platform.repository.write({file: "" if file.endswith(".py") else "deployments: []\n"})
    refused(platform, says=f"Not committed: {file}.")


def test_what_a_job_leaves_beside_the_code_is_no_obstacle(platform: Platform) -> None:
    platform.repository.write(
        {"plan.json": "{}", ".venv/pyvenv.cfg": "", ".venv/lib/site-packages/x.py": ""}
    )
    assert platform.flowlift("apply", "prod", "--yes").code == 0


def test_what_is_not_pushed_is_refused_and_the_remedy_helps(platform: Platform) -> None:
    platform.named("hourly")["parameters"] = {"rows": 6}
    platform.commit("not pushed")
    says = "The remote's 'main' does not have the commit"
    refused(platform, says=says)
    refused(platform, says="git push origin HEAD:main")
    platform.repository.git("push", "--quiet", "origin", "HEAD:main")
    assert platform.flowlift("apply", "prod", "--yes").code == 0


def test_the_name_of_the_default_branch_does_not_make_a_commit_one_of_it(
    platform: Platform,
) -> None:
    platform.branch("feat/rows")
    platform.commit("not merged", {"src/shared/rows.py": SHARED + "\n"})
    platform.push()
    refused(platform, "--branch", "main", says="The remote's 'main' does not have the commit")
    refused(platform, says="Branch 'feat/rows' is not merged into 'main'")


def test_a_commit_of_the_branch_may_be_checked_out_without_it(platform: Platform) -> None:
    platform.repository.git("switch", "--quiet", "--detach")
    assert platform.flowlift("plan", "prod").code == 0
    assert platform.flowlift("apply", "prod", "--yes").code == 0


def delivered(platform: Platform, commit: str) -> Result:
    """The job of a push to main at `commit`, as a runner checks it out."""
    platform.repository.git("checkout", "--quiet", "--detach", commit)
    event: dict[str, Any] = {"GITHUB_REF": "refs/heads/main", "GITHUB_SHA": commit, "CI": "true"}
    arguments = ("deliver", "--event", "push", "--only", "deployments", "--env", "prod", "--json")
    return platform.flowlift(*arguments, environ=event)


def merged(platform: Platform, rows: int) -> str:
    platform.named("hourly")["parameters"] = {"rows": rows}
    commit = platform.commit(f"rows {rows}")
    platform.push()
    return commit


def rows(platform: Platform) -> int:
    return int(platform.live(platform.prod)["hourly"]["parameters"]["rows"])


def test_an_older_job_that_runs_again_or_ends_last_changes_nothing(platform: Platform) -> None:
    older, newer = merged(platform, 6), merged(platform, 7)
    assert delivered(platform, older).code == 0
    assert rows(platform) == 6
    assert delivered(platform, newer).code == 0
    again = delivered(platform, older)
    assert again.code == 0, again.err
    assert f"Nothing to do: prod is at {newer[:8]} already" in again.err
    assert rows(platform) == 7


def test_an_older_commit_by_hand_is_refused_and_the_remedy_helps(platform: Platform) -> None:
    older, newer = merged(platform, 6), merged(platform, 7)
    assert platform.flowlift("apply", "prod", "--yes").code == 0
    platform.repository.git("checkout", "--quiet", "--detach", older)
    refused(platform, says=f"prod is at {newer[:8]} already, which is newer than {older[:8]}.")
    platform.repository.git("switch", "--quiet", "main")
    platform.repository.git("revert", "--no-edit", newer)
    platform.push()
    assert platform.flowlift("apply", "prod", "--yes").code == 0
    assert rows(platform) == 6


def test_a_clone_that_does_not_have_the_newer_commit_asks_for_it(platform: Platform) -> None:
    """A job that began before the newer one was pushed has never heard of that commit."""
    older = merged(platform, 6)
    job = platform.repository.path.parent / "job"
    platform.repository.git(
        "clone", "--quiet", "--depth", "1", platform.repository.remote_url, str(job)
    )
    newer = merged(platform, 7)
    assert platform.flowlift("apply", "prod", "--yes").code == 0
    late = flowlift(["apply", "-C", str(job), "prod", "--yes"], platform.environ)
    assert late.code == 2, late.out + late.err
    assert f"prod is at {newer[:8]} already, which is newer than {older[:8]}" in late.err
    assert rows(platform) == 7
