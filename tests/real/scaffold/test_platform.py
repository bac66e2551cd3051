"""What `flowlift init` writes works as it is: Prefect registers it, and a worker runs it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from flowlift.scaffold import pool_name, write_platform
from tests.parts.repositories import GitRepository
from tests.parts.servers import Server, create_process_pool
from tests.parts.workspaces import Workspace
from tests.real.conftest import OldPrefect, StartWorker

pytestmark = pytest.mark.real


def _make_platform(repository: GitRepository, workspace: Workspace) -> list[str]:
    """A platform as it is written, but for the deployments' names, which are the test's own."""
    write_platform(
        repository.path,
        name=workspace.prefix,
        remote_url=repository.remote_url,
        default_branch="main",
    )
    manifest = repository.path / "prefect.yaml"
    text = manifest.read_text()
    manifest.write_text(text.replace("  - name: ", f"  - name: {workspace.prefix}-"))
    repository.commit("Begin")
    repository.push()
    create_process_pool(workspace.server, pool_name(workspace.prefix))
    return [f"{workspace.prefix}-{name}" for name in ("hourly", "daily", "weekly")]


def _deploy_all(repository: GitRepository, server: Server, home: Path) -> str:
    done = subprocess.run(
        [server.python, "-m", "prefect", "--no-prompt", "deploy", "--all"],
        cwd=repository.path,
        env=server.environ(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def _check_registered(workspace: Workspace, repository: GitRepository, names: list[str]) -> None:
    deployments = {d["name"]: d for d in workspace.deployments()}
    assert sorted(deployments) == sorted(names)
    for deployment in deployments.values():
        assert deployment["work_pool_name"] == pool_name(workspace.prefix)
        clone = {"repository": repository.remote_url, "branch": "main"}
        assert deployment["pull_steps"] == [{"prefect.deployments.steps.git_clone": clone}]
        assert [schedule["active"] for schedule in deployment["schedules"]] == [True]
        assert deployment["parameter_openapi_schema"]["properties"]
        assert deployment["tags"] == ["weather"]


def _run(workspace: Workspace, deployment: dict[str, Any]) -> dict[str, Any]:
    request = workspace.server.request
    run = request("POST", f"/deployments/{deployment['id']}/create_flow_run", {})
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        run = request("GET", f"/flow_runs/{run['id']}")
        if run["state_type"] in {"COMPLETED", "FAILED", "CRASHED"}:
            break
        time.sleep(0.3)
    found: dict[str, Any] = run
    return found


def test_prefect_deploys_all_of_it_and_a_worker_runs_it(
    workspace: Workspace,
    git_repository: GitRepository,
    start_worker: StartWorker,
    tmp_path: Path,
):
    names = _make_platform(git_repository, workspace)
    _deploy_all(git_repository, workspace.server, tmp_path / "home")
    _check_registered(workspace, git_repository, names)
    worker = start_worker(workspace.server, pool_name(workspace.prefix))
    deployments = {deployment["name"]: deployment for deployment in workspace.deployments()}
    for name in names[:2]:
        run = _run(workspace, deployments[name])
        assert run["state_type"] == "COMPLETED", worker.last_lines()


def test_the_oldest_prefect_deploys_all_of_it(
    old_prefect: OldPrefect, git_repository: GitRepository, tmp_path: Path
):
    workspace = Workspace(old_prefect.server)
    try:
        names = _make_platform(git_repository, workspace)
        _deploy_all(git_repository, old_prefect.server, tmp_path / "home")
        _check_registered(workspace, git_repository, names)
    finally:
        workspace.clean()


def test_prefect_accepts_the_job_template_of_the_values(workspace: Workspace, tmp_path: Path):
    write_platform(tmp_path, name=workspace.prefix, remote_url=None, default_branch="main")
    file = tmp_path / "etc/helm_values/prefect-worker/values-prod.yaml"
    config = yaml.safe_load(file.read_text())["worker"]["config"]
    template = json.loads(config["baseJobTemplate"]["configuration"])
    body = {"name": config["workPool"], "type": "kubernetes", "base_job_template": template}
    workspace.server.request("POST", "/work_pools/", body)
    assert [pool["base_job_template"] for pool in workspace.pools()] == [template]


def test_flowlift_accepts_it(workspace: Workspace, git_repository: GitRepository, tmp_path: Path):
    _make_platform(git_repository, workspace)
    environ = workspace.server.environ(tmp_path) | {"FLOWLIFT_DEV_API_URL": workspace.url}
    for command in (["check"], ["plan", "dev"]):
        done = subprocess.run(
            [Path(sys.executable).with_name("flowlift"), *command],
            cwd=git_repository.path,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
