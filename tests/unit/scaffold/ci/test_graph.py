from __future__ import annotations

import re
from typing import Any

import pytest

from flowlift.config import read_settings
from flowlift.errors import ConfigError
from flowlift.project.workflows import Stage
from flowlift.scaffold.ci.graph import WorkflowFile, workflows
from tests.parts.root import ROOT

INPUTS = {"image": ["Dockerfile"], "worker": ["values.yaml"], "deployments": ["prefect.yaml"]}


def graph(**config: Any) -> dict[str, WorkflowFile]:
    settings = read_settings(config)
    inputs: Any = {
        name: globs
        for name, globs in INPUTS.items()
        if name == "deployments" or config.get(name) is not None
    }
    return {workflow.name: workflow for workflow in workflows(settings, inputs)}


def order(workflow: WorkflowFile) -> dict[str, tuple[str, ...]]:
    return {job.name: job.needs for job in workflow.jobs}


IMAGE = {"name": "ghcr.io/acme/flows", "pools": {"dev": ["a"], "prod": ["b"]}}


def test_the_image_goes_to_dev_before_it_goes_to_prod() -> None:
    assert order(graph(image=IMAGE, worker={})["image"]) == {
        "fork": (),
        "build": (),
        "dev-pool-proposed": ("build",),
        "release": (),
        "dev-pool": ("release",),
        "prod-pool": ("release", "dev-pool"),
    }


def test_worker_jobs_run_on_their_environments_machine_and_others_do_not() -> None:
    found = graph(image=IMAGE, worker={}, ci={"runners": {"prod": "vm-prod"}})
    runners = {job.name: job.runner for job in (*found["worker"].jobs, *found["image"].jobs)}
    assert runners["dev-worker"] == "prefect-dev"
    assert runners["prod-worker"] == runners["prod-pool"] == "vm-prod"
    assert runners["build"] == runners["release"] == runners["fork"] == ""


def test_a_pool_without_kubernetes_needs_no_machine_of_its_own() -> None:
    found = graph(worker={"pool": "edp"})
    assert {job.runner for job in found["worker"].jobs} == {""}


def test_only_what_is_configured_has_a_workflow() -> None:
    assert list(graph()) == ["deployments"]
    assert list(graph(image=IMAGE)) == ["image", "deployments"]


def test_secrets_of_prod_are_for_jobs_of_prod() -> None:
    found = graph(image=IMAGE, worker={}, ci={"preview": False})
    for workflow in found.values():
        for job in workflow.jobs:
            prod = any("_PROD_" in secret.name for secret in job.secrets)
            assert not prod or job.environment == "prod", job.name
            assert Stage.OFFLINE not in job.when or not job.secrets


def test_a_worker_s_job_gets_the_logins_that_its_configuration_names() -> None:
    login = {"registry": "ghcr.io", "username-from-env": "PULL_USER", "password-from-env": "PULL"}
    worker = {
        "version": "1.0.0",
        "repository": "https://charts.acme.example",
        "chart-username-from-env": "CHART_USER",
        "chart-password-from-env": "CHART_PASSWORD",
        "secrets": [{"name": "login", **login}],
    }
    for workflow in graph(image=IMAGE, worker=worker).values():
        for job in workflow.jobs:
            names = [secret.name for secret in job.secrets if secret.secret]
            wanted = {"PULL_USER", "PULL", "CHART_USER", "CHART_PASSWORD"}
            reads = "worker" in job.name or "pool" in job.name
            assert wanted & set(names) == (wanted if reads else set()), job.name


def test_a_pull_requests_job_reads_prod_only_for_the_preview() -> None:
    (job,) = (j for j in graph()["deployments"].jobs if j.name == "dev-proposed")
    assert job.words == ("--only", "deployments")
    assert "FLOWLIFT_PROD_API_URL" in [secret.name for secret in job.secrets]
    (job,) = (
        j for j in graph(ci={"preview": False})["deployments"].jobs if j.name == "dev-proposed"
    )
    assert job.words == ("--only", "deployments", "--env", "dev")


def test_environments_of_the_default_branch_follow_each_other() -> None:
    env = {"dev": {"ref": "branch"}, "staging": {}, "prod": {}}
    assert order(graph(env=env)["deployments"])["prod"] == ("staging",)


def test_one_environment_alone_is_planned_in_pull_requests() -> None:
    found = graph(env={"prod": {}})["deployments"]
    assert [job.name for job in found.jobs] == ["fork", "preview-proposed", "prod"]
    assert not found.jobs[1].writes
    assert Stage.GONE not in found.stages


@pytest.mark.parametrize(
    "env",
    [{"fork": {}}, {"dev": {"ref": "branch"}, "dev-proposed": {}}],
)
def test_an_environment_that_would_hide_a_job_is_refused(env: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"would be called '{list(env)[-1]}'"):
        graph(env=env)


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_the_docs_name_the_jobs_of_a_pull_request_and_of_a_merge(forge: str) -> None:
    text = (ROOT / "docs" / f"{forge}.md").read_text(encoding="utf-8")
    for name, workflow in graph(image=IMAGE, worker={}).items():
        (line,) = (line for line in text.splitlines() if line.startswith(f"| {name} | "))
        for stage, cell in zip((Stage.PROPOSED, Stage.MERGED), line.split(" | ")[-2:], strict=True):
            named = {job for job in re.findall(r"`([a-z-]+)`", cell) if not job.endswith("-gone")}
            assert named == {job.name for job in workflow.jobs if stage in job.when}
