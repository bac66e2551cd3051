"""Pools without Kubernetes: checked, updated and watched through Prefect's API alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flowlift.errors import InputError
from tests.parts.kept import Kept
from tests.parts.platform import Result, flowlift
from tests.parts.repositories import GitRepository
from tests.parts.servers import create_process_pool, process_job_template
from tests.parts.workspaces import Workspace
from tests.real.conftest import StartServer
from tests.real.worker.values.test_impact import make_deployment

pytestmark = pytest.mark.real

DIGEST = "ghcr.io/acme/edp-flows@sha256:" + "a" * 64
OTHER = "ghcr.io/acme/edp-flows@sha256:" + "b" * 64
DOCKER: dict[str, Any] = {
    "variables": {
        "type": "object",
        "properties": {
            "image": {"type": "string", "default": "DEFAULT_FLOW_IMAGE"},
            "name": {"type": "string"},
        },
    },
    "job_configuration": {"image": "{{ image }}", "name": "{{ name }}"},
}


@dataclass
class Pools:
    """A repository whose worker is a pool alone, and the pool's workspace."""

    repository: GitRepository
    workspace: Workspace
    pool: str

    def configure(self, extra: str = "", head: str = "", **files: str) -> None:
        config = f'{head}[env.dev]\nref = "branch"\n[worker]\npool = "{self.pool}"\n{extra}'
        self.repository.commit("configure", {"flowlift.toml": config, **files})

    def template(self, body: Any) -> None:
        text = body if isinstance(body, str) else json.dumps(body, indent=2)
        self.repository.commit("template", {"pool-dev.json": text})

    def run(self, *words: str, **environ: str) -> Result:
        known = {"FLOWLIFT_DEV_API_URL": self.workspace.url, **environ}
        return flowlift(["worker", *words, "-C", str(self.repository.path)], known)

    def live(self) -> dict[str, Any]:
        found: dict[str, Any] = self.workspace.server.request("GET", f"/work_pools/{self.pool}")
        return found


@pytest.fixture
def pools(git_repository: GitRepository, workspace: Workspace) -> Pools:
    pool = workspace.name("docker")
    body = {"name": pool, "type": "docker", "base_job_template": DOCKER}
    workspace.server.request("POST", "/work_pools/", body)
    made = Pools(git_repository, workspace, pool)
    made.configure('template = "pool-{env}.json"\n')
    made.template(DOCKER)
    return made


def test_a_template_with_the_image_is_shown_written_and_read_back(pools: Pools) -> None:
    seen = pools.run("check", "dev", "--image", DIGEST)
    assert seen.code == 0, seen.err
    assert "variables.properties.image.default" in seen.out
    assert DIGEST in seen.out
    assert "~ update pool" in seen.out
    assert pools.run("check", "dev", "--image", DIGEST, "--detailed-exitcode").code == 2
    before = pools.live()
    done = pools.run("update", "dev", "--image", DIGEST, "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)[0]
    assert [(part["kind"], part["action"]) for part in told["parts"]] == [("pool", "update")]
    after = pools.live()
    assert after["base_job_template"]["variables"]["properties"]["image"]["default"] == DIGEST
    wanted = json.loads(
        json.dumps(before["base_job_template"]).replace("DEFAULT_FLOW_IMAGE", DIGEST)
    )
    assert after["base_job_template"] == wanted


def test_nothing_changed_writes_nothing(pools: Pools) -> None:
    assert pools.run("update", "dev", "--image", DIGEST).code == 0
    before = pools.live()
    again = pools.run("update", "dev", "--image", DIGEST)
    assert again.code == 0
    assert "nothing to do" in again.out
    assert pools.live()["updated"] == before["updated"]
    assert pools.run("check", "dev", "--image", DIGEST, "--detailed-exitcode").code == 0
    told = json.loads(pools.run("update", "dev", "--image", DIGEST, "--json").out)[0]
    assert (told["pool"], told["changed"], told["parts"]) == (pools.pool, False, [])
    # Without --image, the pool's own stays.
    assert pools.run("update", "dev").code == 0
    assert pools.live()["updated"] == before["updated"]


def test_drift_is_seen_and_undone(pools: Pools) -> None:
    pools.run("update", "dev", "--image", DIGEST)
    edited = json.loads(json.dumps(DOCKER).replace("DEFAULT_FLOW_IMAGE", DIGEST))
    edited["job_configuration"]["name"] = "by hand"
    path = f"/work_pools/{pools.pool}"
    pools.workspace.server.request("PATCH", path, {"base_job_template": edited})
    seen = pools.run("check", "dev")
    assert 'job_configuration.name: "by hand" -> "{{ name }}"' in seen.out
    assert pools.run("update", "dev").code == 0
    assert pools.live()["base_job_template"]["job_configuration"]["name"] == "{{ name }}"


def test_without_an_image_the_placeholder_is_an_error_and_nothing_is_written(pools: Pools) -> None:
    before = pools.live()
    done = pools.run("update", "dev")
    assert done.code == InputError.exit_code
    assert "pool-dev.json:7" in done.err
    assert "--image" in done.err
    assert pools.live() == before


def test_what_breaks_the_pool_s_deployments_is_an_error_before_any_write(pools: Pools) -> None:
    make_deployment(pools.workspace, pools.pool, {})
    before = pools.live()
    stricter = json.loads(json.dumps(DOCKER))
    stricter["variables"]["required"] = ["name"]
    pools.template(stricter)
    seen = pools.run("check", "dev", "--image", DIGEST, "--json")
    assert seen.code == InputError.exit_code
    found = json.loads(seen.out)[0]["findings"]
    assert [(item["check"], item["deployment"]) for item in found] == [
        ("job-variables", f"{pools.workspace.name('flow')}/{pools.workspace.name('hello')}")
    ]
    done = pools.run("update", "dev", "--image", DIGEST)
    assert done.code == InputError.exit_code
    assert "requires the job variable `name`" in " ".join(done.err.split())
    assert pools.live() == before
    pools.configure('template = "pool-{env}.json"\n[checks]\njob-variables = "warning"\n')
    assert pools.run("update", "dev", "--image", DIGEST).code == 0
    assert pools.live()["base_job_template"]["variables"]["required"] == ["name"]


def test_without_a_template_the_pool_keeps_its_own_with_the_image(pools: Pools) -> None:
    pools.configure()
    assert pools.run("update", "dev", "--image", DIGEST).code == 0
    assert pools.run("update", "dev", "--image", OTHER).code == 0
    live = pools.live()["base_job_template"]
    assert live["variables"]["properties"]["image"]["default"] == OTHER
    assert live["job_configuration"] == DOCKER["job_configuration"]


def test_a_pool_as_prefect_makes_it_gets_the_image_though_it_has_no_default(pools: Pools) -> None:
    plain = json.loads(json.dumps(DOCKER))
    del plain["variables"]["properties"]["image"]["default"]
    path = f"/work_pools/{pools.pool}"
    pools.workspace.server.request("PATCH", path, {"base_job_template": plain})
    pools.configure()
    assert pools.run("update", "dev", "--image", DIGEST).code == 0
    image = pools.live()["base_job_template"]["variables"]["properties"]["image"]
    assert image == {"type": "string", "default": DIGEST}


def test_a_pool_that_knows_no_image_is_left_alone_by_one(
    git_repository: GitRepository, workspace: Workspace
) -> None:
    pool = create_process_pool(workspace.server, workspace.name("process"))
    pools = Pools(git_repository, workspace, pool)
    pools.configure()
    before = pools.live()
    seen = pools.run("check", "dev", "--image", DIGEST)
    assert seen.code == 0
    assert "the pool's template has no image" in seen.out
    assert pools.run("update", "dev", "--image", DIGEST).code == 0
    assert pools.live() == before


def test_a_process_pool_needs_no_image(git_repository: GitRepository, workspace: Workspace) -> None:
    pool = create_process_pool(workspace.server, workspace.name("process"))
    pools = Pools(git_repository, workspace, pool)
    template = process_job_template(workspace.server.python)
    template["variables"]["properties"]["working_dir"]["default"] = "/tmp/flows"
    pools.configure('template = "pool-{env}.json"\n')
    pools.template(template)
    assert pools.run("update", "dev").code == 0
    assert pools.live()["base_job_template"] == template
    assert "nothing to do" in pools.run("update", "dev").out


def test_a_pool_that_is_not_there_is_named_with_the_nearest(pools: Pools) -> None:
    name, pools.pool = pools.pool, f"{pools.pool}s"
    pools.configure()
    done = pools.run("check", "dev", "--image", DIGEST)
    assert done.code == InputError.exit_code
    assert f"is '{name}' meant?" in " ".join(done.out.split())


def test_broken_json_is_told_with_line_and_column(pools: Pools) -> None:
    pools.template('{\n  "variables": {},\n  "job_configuration": {"a": 1,}\n}')
    done = pools.run("check", "dev")
    assert done.code == InputError.exit_code
    assert "pool-dev.json:3" in done.out
    assert "line 3, column" in done.out


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ('template = "nowhere.json"\n', "There is no file nowhere.json"),
        ('template = "../../etc/passwd"\n', "outside of the repository"),
    ],
)
def test_a_template_that_cannot_be_read_is_told(pools: Pools, extra: str, says: str) -> None:
    pools.configure(extra)
    done = pools.run("check", "dev", "--image", DIGEST)
    assert done.code == InputError.exit_code
    assert says in done.err


def test_an_environment_without_a_worker_is_told(pools: Pools) -> None:
    pools.configure('environments = ["prod"]\n')
    done = pools.run("check", "dev")
    assert done.code == InputError.exit_code
    assert "No worker is configured for dev" in done.err


def test_a_refused_login_is_told_as_such(
    git_repository: GitRepository, fresh_server: StartServer
) -> None:
    server = fresh_server({"PREFECT_SERVER_API_AUTH_STRING": "admin:right"})
    pools = Pools(git_repository, Workspace(server), "any")
    pools.configure()
    for verb in ("check", "update", "status"):
        done = pools.run(verb, "dev", FLOWLIFT_DEV_API_AUTH_STRING="admin:wrong")
        assert done.code == 1
        assert "refuses the login" in done.err
        assert "no work pool" not in done.err


def test_the_status_tells_workers_queues_and_what_waits(
    pools: Pools, process_worker: Kept, work_pool: str
) -> None:
    pools.pool = work_pool
    pools.configure()
    good = pools.run("status", "dev")
    assert good.code == 0, good.out
    assert f"worker-of-{work_pool}  online, heartbeat" in good.out
    told = json.loads(pools.run("status", "dev", "--json").out)[0]
    assert told["well"] is True
    assert told["workers"][0]["status"] == "ONLINE"
    assert told["depth"]["scheduled"] == 0
    path = f"/work_pools/{work_pool}"
    pools.workspace.server.request("PATCH", path, {"is_paused": True})
    paused = pools.run("status", "dev")
    assert paused.code == 1
    assert "paused" in paused.out


def test_a_pool_that_nobody_serves_is_not_well_and_looking_changes_nothing(pools: Pools) -> None:
    before = pools.live()
    seen = pools.run("status", "dev")
    assert seen.code == 1
    assert "none has been heard of" in seen.out
    assert pools.live() == before
    queue = pools.workspace.server.request("POST", f"/work_pools/{pools.pool}/queues/filter", {})
    assert queue[0]["last_polled"] is None


def test_files_stay_as_they_are(pools: Pools) -> None:
    file = Path(pools.repository.path) / "pool-dev.json"
    before = file.read_bytes()
    pools.run("update", "dev", "--image", DIGEST)
    assert file.read_bytes() == before
