"""What a base job template means, against a real server: what is predicted is what happens."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from flowlift.config import Settings
from flowlift.errors import Position, RefusedError, WorkspaceError
from flowlift.worker.values.impact import find_impact
from flowlift.worker.values.rules import refusals
from flowlift.worker.values.template import read_template
from flowlift.worker.values.template_checks import check_template
from flowlift.workspace.client import Client
from flowlift.workspace.endpoint import resolve
from flowlift.workspace.pools import (
    deployments_of,
    pool_names,
    read_depth,
    read_pool,
    read_queues,
    read_workers,
    write_template,
)
from tests.parts.kept import Kept
from tests.parts.servers import Server
from tests.parts.worker_values import template
from tests.parts.workspaces import Workspace
from tests.real.conftest import OldPrefect, StartServer

pytestmark = pytest.mark.real

T = TypeVar("T")
AT = Position("values.yaml", 1)


def ask(server: Server, work: Callable[[Client], Coroutine[Any, Any, T]], **environ: str) -> T:
    known = {"FLOWLIFT_DEV_API_URL": server.url, **environ}

    async def main() -> T:
        async with Client(resolve("dev", Settings(), known, Path("/nowhere"))) as client:
            return await work(client)

    return asyncio.run(main())


def make_pool(workspace: Workspace, body: Any) -> str:
    pool = workspace.name("k8s")
    document = {"name": pool, "type": "kubernetes", "base_job_template": body}
    workspace.server.request("POST", "/work_pools/", document)
    return pool


def make_deployment(
    workspace: Workspace, pool: str, variables: dict[str, Any], name: str = "hello"
) -> str:
    flow = workspace.server.request("POST", "/flows/", {"name": workspace.name("flow")})
    body = {
        "name": workspace.name(name),
        "flow_id": flow["id"],
        "work_pool_name": pool,
        "job_variables": variables,
    }
    return str(workspace.server.request("POST", "/deployments/", body)["id"])


def run(workspace: Workspace, deployment: str) -> int:
    """The status with which the server answers a run that is asked for."""
    path = f"{workspace.url}/deployments/{deployment}/create_flow_run"
    while True:
        answer = httpx.post(path, json={"state": {"type": "SCHEDULED"}}, timeout=30)
        if answer.status_code != 503:
            return answer.status_code


def patch(workspace: Workspace, pool: str, body: Any) -> int:
    while True:
        answer = httpx.patch(
            f"{workspace.url}/work_pools/{pool}", json={"base_job_template": body}, timeout=30
        )
        if answer.status_code != 503:
            return answer.status_code


def with_variable(rule: Any, **more: Any) -> dict[str, Any]:
    changed = copy.deepcopy(template())
    changed["variables"]["properties"]["cpu"] = rule
    changed["variables"].update(more)
    return changed


def with_variables(**more: Any) -> dict[str, Any]:
    return {**template(), "variables": {**template()["variables"], **more}}


CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("drops a variable", template(), {"cpu": "1"}),
    ("tightens a type", with_variable({"type": "integer"}), {"cpu": "1"}),
    ("takes the type", with_variable({"type": "integer"}), {"cpu": 1}),
    ("requires what is given", with_variable({"type": "string"}, required=["cpu"]), {"cpu": "1"}),
    ("requires what is not", with_variable({"type": "string"}, required=["cpu"]), {}),
    (
        "requires what has a default",
        with_variable({"type": "string", "default": "1"}, required=["cpu"]),
        {},
    ),
    ("requires what nobody declares", with_variables(required=["ghost"]), {}),
    ("takes null", with_variable({"type": "string"}), {"cpu": None}),
    (
        "refuses null where required",
        with_variable({"type": "string"}, required=["cpu"]),
        {"cpu": None},
    ),
    ("a list of choices", with_variable({"enum": ["a", "b"]}), {"cpu": "c"}),
    (
        "a nested type",
        with_variable({"type": "object", "properties": {"n": {"type": "integer"}}}),
        {"cpu": {"n": "x"}},
    ),
    (
        "a nested null",
        with_variable({"type": "object", "properties": {"n": {"type": "integer"}}}),
        {"cpu": {"n": None}},
    ),
    ("nested required", with_variable({"type": "object", "required": ["n"]}), {"cpu": {}}),
    (
        "an unsound default lifts required",
        with_variable(
            {"type": "string"},
            required=["cpu"],
            properties={
                **template()["variables"]["properties"],
                "cpu": {"type": "string"},
                "name": {"type": "string", "default": 42},
            },
        ),
        {},
    ),
    (
        "null as default lifts required",
        with_variable(
            {},
            required=["cpu"],
            properties={
                **template()["variables"]["properties"],
                "cpu": {"type": "string"},
                "name": {"type": "string", "default": None},
            },
        ),
        {},
    ),
    ("an unknown type", with_variable({"type": "strng"}), {}),
    ("a type that is no schema", with_variable({"minimum": "x"}), {"cpu": 1}),
    ("additional properties forbidden", with_variables(additionalProperties=False), {"x": 1}),
    (
        "a reference",
        with_variable({"$ref": "#/definitions/size"}, definitions={"size": {"enum": ["s"]}}),
        {"cpu": "m"},
    ),
    ("a reference that leads nowhere", with_variable({"$ref": "#/definitions/size"}), {"cpu": "m"}),
    ("env, undeclared", template(), {"env": {"A": "1"}}),
    ("a dotted key", template(), {"env.HOME": "/x"}),
    ("any of", with_variable({"anyOf": [{"type": "integer"}, {"type": "null"}]}), {"cpu": "x"}),
    (
        "a list of items",
        with_variable({"type": "array", "items": {"type": "string"}}),
        {"cpu": [1]},
    ),
    (
        "a tuple as pydantic 1 wrote it",
        with_variable({"type": "array", "items": [{"type": "string"}]}),
        {"cpu": [1]},
    ),
    (
        "a format is not looked at",
        with_variable({"type": "string", "format": "date"}),
        {"cpu": "no date"},
    ),
]


@pytest.mark.parametrize(("name", "wanted", "variables"), CASES, ids=[case[0] for case in CASES])
def test_what_is_predicted_is_what_the_server_does(
    workspace: Workspace, name: str, wanted: dict[str, Any], variables: dict[str, Any]
) -> None:
    old = {**template()["variables"]["properties"], "cpu": {}, "x": {}}
    live = {**template(), "variables": {"type": "object", "properties": old}}
    pool = make_pool(workspace, live)
    deployment = make_deployment(workspace, pool, variables)
    assert run(workspace, deployment) == 201
    told = refusals(wanted, variables)
    assert patch(workspace, pool, wanted) == 204
    assert (run(workspace, deployment) == 422) is bool(told), told


def test_the_pool_s_deployments_are_told_by_name(workspace: Workspace) -> None:
    live = with_variable({"type": "string"})
    pool = make_pool(workspace, live)
    make_deployment(workspace, pool, {"cpu": "1"}, "drops")
    make_deployment(workspace, pool, {}, "plain")
    found = ask(workspace.server, lambda client: deployments_of(client, pool))
    told = find_impact(live, template(), found, AT)
    names = f"{workspace.name('flow')}/{workspace.name('drops')}"
    assert [(item.check, item.deployment) for item in told] == [("undeclared-job-variable", names)]
    required = with_variable({"type": "string"}, required=["cpu"])
    told = find_impact(live, required, found, AT)
    assert [item.deployment for item in told] == [names.replace("drops", "plain")]


BROKEN: list[tuple[str, dict[str, Any], int]] = [
    ("undeclared", {"job_configuration": {"command": "{{ nobody }}"}}, 422),
    ("a block", {"job_configuration": {"command": "{{ prefect.blocks.secret.x }}"}}, 422),
    ("no job configuration", {"job_configuration": {}}, 422),
    ("no variables", {"variables": {}}, 422),
    ("an unknown type", with_variable({"type": "strng"}), 204),
    ("a default of another type", with_variable({"type": "string", "default": 42}), 204),
    ("required, not declared", with_variable({"type": "string"}, required=["ghost"]), 204),
]


@pytest.mark.parametrize(("name", "parts", "status"), BROKEN, ids=[case[0] for case in BROKEN])
def test_what_the_server_refuses_or_takes_broken_is_found_before(
    workspace: Workspace, name: str, parts: dict[str, Any], status: int
) -> None:
    pool = make_pool(workspace, template())
    body = {**template(), **parts}
    assert patch(workspace, pool, body) == status
    read, _ = read_template(json.dumps(body, indent=2), "t.json")
    assert read is not None
    assert any(item.level.value == "error" for item in check_template(read, "kubernetes"))


def test_a_name_with_spaces_and_pipes_is_left_as_it_is(workspace: Workspace) -> None:
    """What Prefect does not read as a variable stays in the text: the check warns of it."""
    pool = make_pool(workspace, template())
    body = {**template(), "job_configuration": {"command": "{{ name | upper }}"}}
    assert patch(workspace, pool, body) == 204


# Reading a pool ------------------------------------------------------------------------------


def test_a_pool_its_queues_and_what_waits_are_read(workspace: Workspace) -> None:
    pool = make_pool(workspace, template())
    deployment = make_deployment(workspace, pool, {})
    for _ in range(3):
        assert run(workspace, deployment) == 201
    live = ask(workspace.server, lambda client: read_pool(client, pool))
    assert live is not None
    assert (live.name, live.type, live.paused, live.template) == (
        pool,
        "kubernetes",
        False,
        template(),
    )
    depth = ask(workspace.server, lambda client: read_depth(client, pool))
    assert depth.scheduled == 3
    queues = ask(workspace.server, lambda client: read_queues(client, pool))
    assert [(queue.name, queue.paused) for queue in queues] == [("default", False)]
    # Looking does not make the pool ready, or its queue polled.
    assert queues[0].polled is None
    after = ask(workspace.server, lambda client: read_pool(client, pool))
    assert after is not None
    assert after.status == live.status == "NOT_READY"


def test_workers_are_read_with_their_heartbeat(
    process_worker: Kept, work_pool: str, workspace: Workspace
) -> None:
    workers = ask(workspace.server, lambda client: read_workers(client, work_pool))
    assert [(worker.name, worker.status) for worker in workers] == [
        (f"worker-of-{work_pool}", "ONLINE")
    ]
    assert workers[0].heartbeat is not None


def test_a_pool_that_is_not_there_is_none(workspace: Workspace) -> None:
    name = workspace.name("nobody")
    assert ask(workspace.server, lambda client: read_pool(client, name)) is None
    pool = make_pool(workspace, template())
    assert pool in ask(workspace.server, pool_names)


def test_a_refused_login_is_no_missing_pool(fresh_server: StartServer) -> None:
    server = fresh_server({"PREFECT_SERVER_API_AUTH_STRING": "admin:right"})
    with pytest.raises(RefusedError, match="401"):
        ask(
            server,
            lambda client: read_pool(client, "any"),
            FLOWLIFT_DEV_API_AUTH_STRING="admin:wrong",
        )


def test_a_template_is_written_and_read_back(workspace: Workspace) -> None:
    pool = make_pool(workspace, template())
    wanted = with_variable({"type": "string"})
    ask(workspace.server, lambda client: write_template(client, pool, lambda now: wanted))
    live = ask(workspace.server, lambda client: read_pool(client, pool))
    assert live is not None
    assert live.template == wanted
    broken = {**wanted, "job_configuration": {"command": "{{ nobody }}"}}
    with pytest.raises(WorkspaceError, match="nobody"):
        ask(workspace.server, lambda client: write_template(client, pool, lambda now: broken))


def test_the_oldest_supported_server_is_read_and_written_as_well(old_prefect: OldPrefect) -> None:
    workspace = Workspace(old_prefect.server)
    try:
        pool = make_pool(workspace, template())
        make_deployment(workspace, pool, {"cpu": "1"})
        wanted = with_variable({"type": "integer"})
        ask(workspace.server, lambda client: write_template(client, pool, lambda now: wanted))
        live = ask(workspace.server, lambda client: read_pool(client, pool))
        assert live is not None
        assert live.template == wanted
        found = ask(workspace.server, lambda client: deployments_of(client, pool))
        assert [item.job_variables for item in found] == [{"cpu": "1"}]
        depth = ask(workspace.server, lambda client: read_depth(client, pool))
        assert (depth.scheduled, depth.late) == (0, 0)
        queues = ask(workspace.server, lambda client: read_queues(client, pool))
        assert [queue.name for queue in queues] == ["default"]
        assert ask(workspace.server, lambda client: read_workers(client, pool)) == []
    finally:
        workspace.clean()
