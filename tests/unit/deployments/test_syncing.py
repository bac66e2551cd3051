"""Back to the default branch. Git is a stand-in, the API is a fake."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flowlift.deployments.syncing import at_default_branch
from flowlift.errors import GitError
from tests.parts.small_platform import CONFIG, SHARED, SmallPlatform


def branch_of(platform: SmallPlatform, name: str) -> str:
    """The branch that a deployment of DEV clones."""
    (step,) = platform.dev.named(name)["pull_steps"]
    branch: str = step["prefect.deployments.steps.git_clone"]["branch"]
    return branch


def proposed(platform: SmallPlatform) -> None:
    """DEV runs a branch that changes `hourly` and brings a deployment of its own."""
    platform.named("hourly")["parameters"] = {"rows": 7}
    platform.deployments.append({**platform.named("weekly"), "name": "brought"})
    platform.propose("feat/rows")
    platform.apply("dev")
    assert platform.dev.names == ["brought", "hourly"]


def test_what_a_merged_branch_ran_goes_to_the_default_branch(platform: SmallPlatform):
    proposed(platform)
    platform.repository.merge("feat/rows")
    assert platform.sync("dev").complete
    assert {name: branch_of(platform, name) for name in platform.dev.names} == dict.fromkeys(
        ("brought", "hourly", "nightly", "weekly"), "main"
    )
    assert platform.dev.named("hourly")["parameters"] == {"rows": 7}
    assert platform.dev.named("hourly")["tags"] == []


def test_what_was_never_merged_is_removed(platform: SmallPlatform):
    proposed(platform)
    platform.repository.switch("main")
    assert platform.sync("dev", gone=frozenset({"feat/rows"}), allow_delete=1).complete
    assert platform.dev.names == ["hourly", "nightly", "weekly"]
    assert platform.dev.named("hourly")["parameters"] == {"rows": 5}


def test_what_an_open_branch_holds_is_left_alone(platform: SmallPlatform):
    proposed(platform)
    platform.repository.switch("main")
    assert platform.sync("dev").complete
    assert {name: branch_of(platform, name) for name in platform.dev.names} == {
        "brought": "feat/rows",
        "hourly": "feat/rows",
        "nightly": "main",
        "weekly": "main",
    }


def test_a_second_sync_writes_nothing(platform: SmallPlatform):
    proposed(platform)
    platform.sync("dev")
    platform.dev.requests.clear()
    assert platform.sync("dev").written.done == []
    assert platform.dev.writes == []


def test_the_default_branch_is_read_as_the_remote_has_it(platform: SmallPlatform):
    old = platform.repository.head()
    newest = platform.propose("elsewhere", {"src/shared/rows.py": SHARED + "# more\n"})
    platform.repository.remote["main"] = newest
    platform.repository.switch("main")
    (platform.repository.root / "prefect.yaml").write_text("not committed\n")
    with at_default_branch(platform.project) as project:
        assert (project.branch, project.commit) == ("main", newest)
        assert (project.root / "src/shared/rows.py").read_text().endswith("# more\n")
        assert (project.root / "prefect.yaml").read_text() != "not committed\n"
        folder = project.root
    assert not folder.exists()
    assert platform.repository.head() == old
    assert platform.repository.asked == ["fetch main"]


def test_the_configuration_is_the_default_branch_s_own(platform: SmallPlatform):
    platform.propose("feat/off", {"flowlift.toml": CONFIG + '[verify]\nskip = ["*"]\n'})
    with at_default_branch(platform.project) as project:
        assert project.settings.verify.skip == ()
    assert platform.project.settings.verify.skip == ("*",)


def test_the_pull_request_is_not_the_default_branch_s(platform: SmallPlatform):
    platform.context = replace(platform.context, pull_request=7, branch="feat/rows")
    with at_default_branch(platform.project) as project:
        assert (project.context.pull_request, project.branch) == (None, "main")


def test_without_a_remote_what_is_here_is_the_newest(platform: SmallPlatform):
    platform.repository = replace(platform.repository, url="", tracked={})
    with at_default_branch(platform.project) as project:
        assert project.commit == platform.repository.head()
    assert platform.repository.asked == []


def test_a_default_branch_that_the_remote_has_not_ends_it(platform: SmallPlatform):
    platform.repository.remote.clear()
    with pytest.raises(GitError, match="no branch 'main'"), at_default_branch(platform.project):
        pass
