"""Which workflows an event asks for, and why. Git is a stand-in, and nothing else is asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from flowlift.config import load
from flowlift.delivery.deciding import Decision, Request, decide
from flowlift.errors import ConfigError, InputError
from flowlift.project.project import Project
from tests.parts.ci_events import github, pull
from tests.parts.standin_repository import StandInRepository

CONFIG = """\
default-branch = "main"
[env.dev]
ref = "branch"
[env.prod]
ref = "default"
"""
IMAGE = """
[image]
name = "ghcr.io/acme/flows"
dockerfile = "Dockerfile"
[image.pools]
dev = ["k8s"]
prod = ["k8s"]
"""
WORKER = '[worker]\nvalues = "values-{env}.yaml"\n'
MANIFEST = """\
name: platform
pull:
- prefect.deployments.steps.git_clone: {repository: https://example.com/a.git, branch: main}
deployments:
- {name: hourly, entrypoint: "flows/a.py:a", work_pool: {name: k8s}}
"""
FLOW = "from prefect import flow\n\n\n@flow\ndef a():\n    pass\n"
FILES = {
    "flowlift.toml": CONFIG + IMAGE + WORKER,
    "prefect.yaml": MANIFEST,
    "flows/a.py": FLOW,
    "Dockerfile": "FROM scratch\n",
    "pyproject.toml": '[project]\nname = "a"\nversion = "1.0.0"\n',
    "values-dev.yaml": "a: 1\n",
    "values-prod.yaml": "a: 1\n",
    "README.md": "a\n",
}


class Change:
    """A repository on main, and a branch that changes some files."""

    def __init__(self, folder: Path) -> None:
        self.repository = StandInRepository(folder / "platform", url="")
        self.events = folder
        self.base = self.repository.commit(FILES)

    def proposed(self, files: Mapping[str, str], *, action: str = "opened", **more: Any) -> Any:
        self.repository.switch("feat/a")
        self.repository.commit(files)
        return pull(action, **more)

    def decide(self, name: str, event: Any, **request: Any) -> Decision:
        loaded = load(self.repository.root)
        project = Project(
            repository=self.repository,
            root=self.repository.root,
            settings=loaded.settings,
            configured=True,
            context=github(self.events, name, event),
            environ={},
        )
        return decide(project, Request(**request))

    def pushed(self, files: Mapping[str, str], before: str | None = None) -> Any:
        self.repository.commit(files)
        return {"ref": "refs/heads/main", "before": before or self.base}


@pytest.fixture
def change(tmp_path: Path) -> Change:
    return Change(tmp_path)


def steps(decision: Decision) -> list[str]:
    return [f"{step.workflow} {step.verb} {step.environment}".strip() for step in decision.steps]


DEPLOY = ["deployments apply dev", "deployments plan prod"]
EVERYTHING = {
    "Dockerfile": "FROM scratch\nUSER 1\n",
    "values-dev.yaml": "a: 2\n",
    "flows/a.py": FLOW + "# more\n",
}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"README.md": "more\n"}, []),
        ({"flows/a.py": FLOW + "# more\n"}, DEPLOY),
        ({"prefect.yaml": MANIFEST.replace("hourly", "daily")}, DEPLOY),
        ({"prefect.yaml": "- broken: ["}, DEPLOY),
        ({"values-dev.yaml": "a: 2\n"}, ["worker update dev"]),
        ({"values-prod.yaml": "a: 2\n"}, []),
        ({"Dockerfile": "FROM scratch\nUSER 1\n"}, ["image build", "worker update dev"]),
        ({"flowlift.toml": CONFIG + IMAGE + WORKER + 'release = "b"\n'}, ["worker update dev"]),
        (EVERYTHING, ["image build", "worker update dev", *DEPLOY]),
    ],
)
def test_a_pull_request_starts_what_it_changes(
    change: Change, files: dict[str, str], expected: list[str]
) -> None:
    decision = change.decide("pull_request", change.proposed(files))
    assert steps(decision) == expected
    assert all(step.why for step in decision.steps)
    assert all(decision.left.values())


@pytest.mark.parametrize(
    ("chart", "file", "expected"),
    [
        ("charts", "charts/values.yaml", ["worker update dev"]),
        ("worker [1].tgz", "worker [1].tgz", ["worker update dev"]),
        ("oci://ghcr.io/acme/charts", "charts/values.yaml", []),
    ],
)
def test_a_chart_in_the_repository_is_an_input_of_the_worker(
    change: Change, chart: str, file: str, expected: list[str]
) -> None:
    change.repository.commit({"flowlift.toml": CONFIG + WORKER + f'chart = "{chart}"\n'})
    decision = change.decide("pull_request", change.proposed({file: "a: 2\n"}), only=("worker",))
    assert steps(decision) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"README.md": "more\n"}, []),
        ({"flows/a.py": FLOW + "# more\n"}, ["deployments apply prod", "deployments sync dev"]),
        (
            EVERYTHING,
            [
                "image release",
                "worker update dev",
                "worker update prod",
                "deployments apply prod",
                "deployments sync dev",
            ],
        ),
    ],
)
def test_a_push_to_the_default_branch_starts_what_it_changes(
    change: Change, files: dict[str, str], expected: list[str]
) -> None:
    assert steps(change.decide("push", change.pushed(files))) == expected


@pytest.mark.parametrize("before", ["0" * 40, "d" * 40])
def test_where_it_cannot_tell_it_includes(change: Change, before: str) -> None:
    decision = change.decide("push", change.pushed({"README.md": "more\n"}, before))
    assert {step.workflow for step in decision.steps} == {"image", "worker", "deployments"}
    assert {step.why for step in decision.steps if step.workflow != "worker"} == {
        "could not tell what the push has changed"
    }


def test_a_commit_that_takes_a_change_back_is_looked_at(change: Change) -> None:
    event = change.proposed({"README.md": "more\n"}, action="synchronize")
    assert steps(change.decide("pull_request", event)) == DEPLOY


@pytest.mark.parametrize(
    ("pull", "expected"),
    [
        ({"draft": True}, ["image check", "deployments plan dev", "deployments plan prod"]),
        ({"head": {"ref": "feat/a", "repo": None}}, ["image check", "deployments check"]),
        ({"state": "open"}, ["image build", "worker update dev", *DEPLOY]),
    ],
)
def test_drafts_and_forks_write_nothing(
    change: Change, pull: dict[str, Any], expected: list[str]
) -> None:
    assert steps(change.decide("pull_request", change.proposed(EVERYTHING, **pull))) == expected


def test_a_branch_that_is_gone_is_brought_back_whatever_it_changed(change: Change) -> None:
    event = {"ref": "feat/gone", "ref_type": "branch"}
    assert steps(change.decide("delete", event)) == ["deployments sync dev"]


def test_a_merge_queue_tries_only_what_prod_will_get(change: Change) -> None:
    change.proposed(EVERYTHING)
    group = {"head_ref": "refs/heads/gh-readonly-queue/main/pr-7", "base_ref": "refs/heads/main"}
    tried = change.decide("merge_group", {"merge_group": group})
    assert steps(tried) == ["image check", "deployments plan prod"]


def test_a_pull_request_into_another_branch_changes_nothing_in_prod(change: Change) -> None:
    change.repository.heads["release"] = change.base
    event = change.proposed(EVERYTHING, base="release")
    found = steps(change.decide("pull_request", event, only=("deployments",)))
    assert found == ["deployments apply dev"]


def test_only_and_env_choose(change: Change) -> None:
    event = change.proposed(EVERYTHING)
    asked = change.decide("pull_request", event, only=("deployments",), environments=("prod",))
    assert steps(asked) == ["deployments plan prod"]
    assert asked.left["image"] == "not asked for"
    pinned = "ghcr.io/acme/flows@sha256:" + "a" * 64
    handed = change.decide(
        "pull_request", event, only=("worker",), environments=("dev",), image=pinned
    )
    assert steps(handed) == ["worker update dev"]
    assert pinned in handed.steps[0].why


def test_without_an_image_to_hand_over_the_pools_are_left_alone(change: Change) -> None:
    event = change.proposed({"README.md": "more\n"})
    assert steps(change.decide("pull_request", event, only=("worker",), image="")) == []


def test_an_environment_that_is_not_there_is_named(change: Change) -> None:
    with pytest.raises(ConfigError, match="'prod'"):
        change.decide("pull_request", change.proposed({}), environments=("prodd",))


def test_an_image_that_is_not_pinned_is_refused_before_anything_is_done(change: Change) -> None:
    with pytest.raises(InputError, match="digest"):
        change.decide("pull_request", change.proposed({}), image="ghcr.io/acme/flows:1.0.0")
