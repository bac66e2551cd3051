"""The repository that a command works on. Git is a stand-in, but for one that is opened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flowlift.errors import ConfigError, EndpointError, GitError, InputError
from flowlift.project.context import CiContext
from flowlift.project.project import Project, open_project
from flowlift.workspace import running
from flowlift.workspace.client import Client
from tests.parts.fake_api import ModelNetwork, ask_model
from tests.parts.small_platform import CONFIG, SmallPlatform
from tests.parts.standin_repository import URL
from tests.parts.trees import repository


def in_ci(platform: SmallPlatform, **context: object) -> Project:
    """The project as a CI with this context opens it."""
    return replace(platform.project, context=CiContext(**context))  # type: ignore[arg-type]


# Branch and commit -----------------------------------------------------------------------


def test_by_hand_branch_and_commit_are_git_s(platform: SmallPlatform):
    platform.propose("feat/rows")
    project = platform.project
    assert (project.branch, project.commit) == ("feat/rows", platform.repository.head())


def test_in_ci_branch_and_commit_are_the_event_s(platform: SmallPlatform):
    project = in_ci(platform, branch="feat/rows", commit="a" * 40)
    assert (project.branch, project.commit) == ("feat/rows", "a" * 40)


def test_on_a_detached_head_somebody_has_to_say_the_branch(platform: SmallPlatform):
    platform.repository.detach()
    with pytest.raises(InputError, match="HEAD is detached") as raised:
        _ = platform.project.branch
    assert "--branch" in raised.value.remedy
    assert in_ci(platform, branch="feat/rows").branch == "feat/rows"


@pytest.mark.parametrize("name", ["a..b", "-x", "a b", "a\nb"])
def test_a_branch_that_git_refuses_is_refused(platform: SmallPlatform, name: str):
    with pytest.raises(InputError):
        _ = in_ci(platform, branch=name).branch


def test_a_branch_that_a_worker_would_take_for_a_template_is_refused(platform: SmallPlatform):
    with pytest.raises(InputError, match="has a template in its name") as raised:
        _ = in_ci(platform, branch="{{ prefect.variables.x }}".replace(" ", "")).branch
    assert "git branch -m" in raised.value.remedy


def test_braces_that_are_no_template_are_a_name_like_others(platform: SmallPlatform):
    assert in_ci(platform, branch="feat/{{x").branch == "feat/{{x"


@pytest.mark.parametrize(
    ("configured", "said", "expected"),
    [("trunk", "develop", "trunk"), (None, "develop", "develop"), (None, None, "main")],
)
def test_the_default_branch_is_as_configured_or_as_the_event_says(
    platform: SmallPlatform, configured: str | None, said: str | None, expected: str
):
    config = CONFIG.replace('default-branch = "main"\n', "")
    if configured:
        config = f'default-branch = "{configured}"\n{config}'
    platform.commit({"flowlift.toml": config})
    assert in_ci(platform, default_branch=said).default_branch == expected


# What it is called -----------------------------------------------------------------------


def test_it_is_called_by_its_remote_or_as_configured(platform: SmallPlatform):
    assert platform.project.name == "github.com/acme/platform"
    platform.commit({"flowlift.toml": f'repository = "ours"\n{CONFIG}'})
    assert platform.project.name == "ours"


def test_without_a_remote_it_is_called_by_its_folder(platform: SmallPlatform):
    platform.repository = replace(platform.repository, url="")
    assert (platform.project.name, platform.project.remote_url) == ("local/platform", "")


# Environments ----------------------------------------------------------------------------


def test_a_policy_is_what_its_environment_says(platform: SmallPlatform):
    config = (
        '[env.prod]\nref = "default"\nschedules = "on"\nprune = false\npool = "k8s"\n'
        'tags = ["prod"]\non-drift = "keep"\n[env.prod.variables]\nSTAGE = "prod"\n'
        '[env.prod.overrides."*"]\nparameters = {rows = 1}\n'
    )
    platform.propose("feat/rows", {"flowlift.toml": config})
    platform.environ["PREFECT_DEFAULT_WORK_POOL_NAME"] = "default-pool"
    policy = platform.project.policy("prod")
    assert (policy.environment, policy.branch, policy.default_branch) == ("prod", "main", "main")
    assert (policy.schedules, policy.prune, policy.pool) == ("on", False, "k8s")
    assert (policy.tags, policy.on_drift) == (("prod",), "keep")
    assert policy.variables == {"STAGE": "prod"}
    assert policy.overrides == (("*", {"parameters": {"rows": 1}}),)
    assert policy.repository_url == URL
    assert policy.default_work_pool == "default-pool"
    assert policy.on_default_branch


def test_an_environment_of_branches_has_the_one_that_is_worked_on(platform: SmallPlatform):
    platform.propose("feat/rows")
    policy = platform.project.policy("dev")
    assert (policy.branch, policy.schedules, policy.on_default_branch) == (
        "feat/rows",
        "off",
        False,
    )


def test_an_environment_that_is_not_there_is_named(platform: SmallPlatform):
    with pytest.raises(ConfigError, match="stage"):
        platform.project.policy("stage")
    with pytest.raises(ConfigError, match="stage"):
        platform.project.endpoint("stage")


def test_its_address_comes_from_its_own_variable(platform: SmallPlatform):
    assert platform.project.endpoint("dev").url == "http://dev.invalid/api"
    del platform.environ["FLOWLIFT_DEV_API_URL"]
    with pytest.raises(EndpointError, match="FLOWLIFT_DEV_API_URL"):
        platform.project.endpoint("dev")


def test_its_workspace_is_asked_by_a_client_of_that_address(
    platform: SmallPlatform, monkeypatch: pytest.MonkeyPatch
):
    async def work(client: Client) -> str:
        return client.endpoint.url

    monkeypatch.setattr(
        running,
        "with_client",
        lambda endpoint, work: ask_model(ModelNetwork(platform.prod), work, endpoint),
    )
    assert platform.project.ask("prod", work) == "http://prod.invalid/api"
    with pytest.raises(ConfigError):
        platform.project.ask("stage", work)


def test_what_is_stamped_names_the_pull_request_only_where_its_branch_runs(
    platform: SmallPlatform,
):
    platform.propose("feat/rows")
    project = in_ci(platform, branch="feat/rows", pull_request=7, run="https://ci/1")
    branch = project.provenance(project.policy("dev"))
    assert (branch.branch, branch.pull_request, branch.run) == ("feat/rows", 7, "https://ci/1")
    assert (branch.repository, branch.commit) == ("github.com/acme/platform", project.commit)
    default = project.provenance(project.policy("prod"))
    assert (default.branch, default.pull_request) == ("main", None)


# Elsewhere -------------------------------------------------------------------------------


def test_at_another_commit_it_has_that_one_s_files_and_configuration(
    platform: SmallPlatform, tmp_path: Path
):
    (tmp_path / "flowlift.toml").write_text('[env.stage]\nref = "default"\n')
    project = in_ci(platform, branch="feat/rows", commit="a" * 40, pull_request=7, run="https://ci")
    there = project.at(tmp_path, "main", "b" * 40)
    assert (there.root, there.branch, there.commit) == (tmp_path, "main", "b" * 40)
    assert list(there.settings.env) == ["stage"]
    assert (there.context.pull_request, there.context.run) == (None, "https://ci")
    assert (project.branch, project.commit) == ("feat/rows", "a" * 40)


def test_a_folder_without_a_configuration_is_said_to_have_none(
    platform: SmallPlatform, tmp_path: Path
):
    assert platform.project.configured
    assert not platform.project.at(tmp_path, "main", "b" * 40).configured


# Opened ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real git repository, which no test here changes."""
    return repository(
        tmp_path_factory.mktemp("real") / "platform", {"flowlift.toml": CONFIG, "src/a.py": ""}
    )


def test_a_repository_is_opened_from_a_folder_in_it(real: Path):
    project = open_project(real / "src", {"OWN": "1"}, base="release")
    assert project.root == project.repository.root == real.resolve()
    assert project.configured
    assert (project.branch, project.context.base) == ("main", "release")
    assert project.environ == {"OWN": "1"}


def test_a_branch_that_was_given_is_the_one_that_is_worked_on(real: Path):
    assert open_project(real, {}, branch="feat/a").branch == "feat/a"
    with pytest.raises(InputError):
        open_project(real, {}, branch="a..b")


def test_a_folder_in_no_repository_is_refused(tmp_path: Path):
    with pytest.raises(GitError, match="is not in a git repository"):
        open_project(tmp_path, {})
