"""The real parts themselves: started once, shared, isolated, and ended whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.parts.given import MissingPartError, given, missing
from tests.parts.kept import Kept
from tests.parts.repositories import GitRepository
from tests.parts.root import ROOT
from tests.parts.servers import Server, create_process_pool, start_server
from tests.parts.workspaces import Workspace
from tests.real.conftest import OldPrefect, StartServer

pytestmark = pytest.mark.real


SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def _ends(process: Kept, within: float = 15) -> bool:
    """Whether it ends soon. Nobody can hold what is being ended, so that is its whole end."""
    deadline = time.monotonic() + within
    while process.runs and time.monotonic() < deadline:
        time.sleep(0.05)
    process.hold()
    process.release()
    return not process.runs


def test_a_part_that_is_starting_is_awaited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FLOWLIFT_TEST_PARTS", str(tmp_path))
    monkeypatch.setenv("FLOWLIFT_TEST_ENGINE", "")  # so that it is put back afterwards
    monkeypatch.delenv("FLOWLIFT_TEST_ENGINE")
    (tmp_path / "engine.starting").touch()

    def become_ready() -> None:
        (tmp_path / "engine.out").write_text("FLOWLIFT_TEST_ENGINE=tcp://127.0.0.1:1?a=b\n")
        (tmp_path / "engine.out").rename(tmp_path / "engine.ready")

    threading.Timer(0.5, become_ready).start()
    assert given("FLOWLIFT_TEST_ENGINE", "engine") == "tcp://127.0.0.1:1?a=b"


def test_a_part_that_failed_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FLOWLIFT_TEST_PARTS", str(tmp_path))
    (tmp_path / "engine.starting").touch()
    (tmp_path / "engine.failed").write_text("no space left")
    with pytest.raises(MissingPartError, match="no space left"):
        given("FLOWLIFT_TEST_ENGINE", "engine")


def test_a_missing_part_skips_or_fails(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FLOWLIFT_REQUIRE_REAL", "")
    with pytest.raises(pytest.skip.Exception, match="no engine"):
        missing("no engine")
    monkeypatch.setenv("FLOWLIFT_REQUIRE_REAL", "1")
    with pytest.raises(pytest.fail.Exception, match="no engine"):
        missing("no engine")


def test_servers_are_two(prefect_servers: tuple[Server, Server]):
    dev, prod = prefect_servers
    assert dev.request("GET", "/health") is True
    assert prod.request("GET", "/health") is True
    assert dev.url != prod.url


def test_server_is_shared(prefect_server: Server):
    if prefect_server.process is None:
        pytest.skip("the server is given by FLOWLIFT_TEST_PREFECT_URL")
    joined = start_server(prefect_server.process.folder)
    assert joined.url == prefect_server.url
    joined.close()
    assert prefect_server.request("GET", "/health") is True


def test_process_ends_when_the_last_user_lets_go(tmp_path: Path):
    first, second = Kept(tmp_path), Kept(tmp_path)
    first.start(SLEEP, os.environ)
    second.hold()
    first.release()
    time.sleep(0.5)
    assert second.runs
    second.release()
    assert _ends(second)


def test_process_ends_with_a_test_run_that_is_killed(tmp_path: Path):
    program = (
        "import os, sys, time; from pathlib import Path; from tests.parts.kept import Kept;"
        f"Kept(Path(sys.argv[1])).start({SLEEP!r}, os.environ);"
        "os.kill(os.getpid(), 9)"
    )
    run = subprocess.run([sys.executable, "-c", program, tmp_path], cwd=ROOT, check=False)
    assert run.returncode == -signal.SIGKILL
    assert _ends(Kept(tmp_path))


def test_process_ends_with_all_that_it_started(tmp_path: Path):
    child = tmp_path / "child"
    program = (
        "import subprocess, time; from pathlib import Path;"
        f"started = subprocess.Popen({SLEEP!r}, start_new_session=True);"
        f"Path({str(child)!r}).write_text(str(started.pid)); time.sleep(600)"
    )
    process = Kept(tmp_path / "process")
    process.start([sys.executable, "-c", program], os.environ)
    while not child.exists() or not child.read_text():
        time.sleep(0.05)
    process.stop()
    pid = child.read_text()
    state = subprocess.run(["ps", "-o", "stat=", "-p", pid], capture_output=True, check=False)
    assert state.stdout.strip()[:1] in {b"", b"Z"}  # gone, or dead and not yet collected


def test_fresh_server_with_a_login(fresh_server: StartServer):
    server = fresh_server({"PREFECT_SERVER_API_AUTH_STRING": "ben:secret"})
    assert server.request("POST", "/flows/filter", {}) == []
    assert httpx.post(f"{server.url}/flows/filter", json={}).status_code == 401


def test_workspace_leaves_nothing_of_its_own(prefect_server: Server):
    own = Workspace(prefect_server)
    other = Workspace(prefect_server)
    for place in (own, other):
        pool = create_process_pool(prefect_server, place.name("pool"))
        body = {"name": f"{place.prefix}_v", "value": "1"}
        prefect_server.request("POST", "/variables/", body)
        flow = prefect_server.request("POST", "/flows/", {"name": place.name("flow")})
        body = {"name": "same", "flow_id": flow["id"], "work_pool_name": pool}
        prefect_server.request("POST", "/deployments/", body)
    own.clean()
    assert [own.deployments(), own.pools(), own.variables(), own.flows()] == [[], [], [], []]
    assert [len(other.deployments()), len(other.pools()), len(other.variables())] == [1, 1, 1]
    other.clean()


def test_worker_runs_what_a_pull_step_clones(
    workspace: Workspace,
    work_pool: str,
    process_worker: Kept,
    git_repository: GitRepository,
):
    flow = "from prefect import flow\n\n\n@flow\ndef hello(name: str = 'x'):\n    return None\n"
    git_repository.commit("Add a flow", {"src/flows/hello.py": flow})
    git_repository.push()
    request = workspace.server.request
    clone = {"repository": git_repository.remote_url, "branch": "main"}
    deployment = request(
        "POST",
        "/deployments/",
        {
            "name": workspace.name("hello"),
            "flow_id": request("POST", "/flows/", {"name": workspace.name("hello")})["id"],
            "entrypoint": "src/flows/hello.py:hello",
            "work_pool_name": work_pool,
            "pull_steps": [{"prefect.deployments.steps.git_clone": clone}],
        },
    )
    run = request("POST", f"/deployments/{deployment['id']}/create_flow_run", {})
    deadline = time.monotonic() + 60
    state = ""
    while state not in {"COMPLETED", "FAILED", "CRASHED"} and time.monotonic() < deadline:
        time.sleep(0.3)
        state = request("GET", f"/flow_runs/{run['id']}")["state_type"]
    assert state == "COMPLETED", process_worker.last_lines()


def test_old_prefect_answers(old_prefect: OldPrefect):
    assert old_prefect.server.request("GET", "/admin/version").startswith("3.4.")


def test_git_repository_has_a_remote(git_repository: GitRepository):
    commit = git_repository.commit("First", {"a.txt": "1"})
    git_repository.push()
    git_repository.switch("feature")
    git_repository.commit("Second", {"a.txt": "2"})
    git_repository.push()
    merged = git_repository.merge("feature")
    assert git_repository.git("rev-parse", "origin/main") == merged
    assert git_repository.git("rev-parse", f"{merged}^1") == commit
