"""Deployments deleted, many at once, with the automations that they own. The API is a fake."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.plan.model import Change
from flowlift.workspace import client as client_module
from flowlift.workspace.write import write
from tests.parts import writes
from tests.parts.fake_api import ask, endpoint, fake_api
from tests.parts.proxy import Answer, Request
from tests.parts.writing_api import Workspace, names, run


@pytest.fixture(autouse=True)
def _near(monkeypatch: pytest.MonkeyPatch):
    """The fake is near, so it gets one write at a time, however busy this machine is."""
    monkeypatch.setattr(client_module, "NEAR", 60.0)


def doomed(number: int, **other: Any) -> list[Change]:
    return [writes.drop(writes.live(writes.desired(f"n{n}"), **other)) for n in range(number)]


def bulk(request: Request) -> Answer | None:
    if request.path == "/deployments/bulk_delete":
        return Answer(200, {"deleted": request.json()["deployments"]["id"]["any_"]})
    return None


def test_many_are_deleted_in_one_request():
    written, api = run(Workspace(bulk), *doomed(120))
    assert len(written.done) == 120
    assert [len(r.json()["deployments"]["id"]["any_"]) for r in api.writes] == [50, 50, 20]
    assert all(r.json()["limit"] == len(r.json()["deployments"]["id"]["any_"]) for r in api.writes)


def test_a_server_that_cannot_gets_one_request_each():
    written, api = run(Workspace(lambda r: None), *doomed(3))
    assert len(written.done) == 3
    assert sum(request.method == "DELETE" for request in api.writes) == 3


def test_prefect_cloud_is_never_sent_a_filter_to_delete_by():
    workspace = Workspace(bulk)

    def cloud(request: Request) -> Answer | None:
        return workspace(
            request._replace(path=request.path.removeprefix("/accounts/a/workspaces/w"))
        )

    with fake_api(cloud) as api:
        where = endpoint(f"{api.url}/accounts/a/workspaces/w")
        written = ask(where, lambda c: write(c, doomed(3)))
        assert len(written.done) == 3
        assert {request.method for request in api.requests} == {"DELETE"}


def test_automations_go_before_their_deployment():
    _, api = run(Workspace(bulk), *doomed(1, triggers=(writes.trigger("n0"),)))
    assert [request.path for request in api.writes] == [
        "/automations/owned-by/prefect.deployment.id-n0",
        "/deployments/id-n0",
    ]


def test_a_deployment_whose_automations_stay_stays():
    def refusing(request: Request) -> Answer | None:
        if request.path.startswith("/automations/owned-by/") and request.path.endswith("n0"):
            return Answer(409, {"detail": "No."})
        return bulk(request)

    written, _ = run(Workspace(refusing), *doomed(3, triggers=(writes.trigger("n"),)))
    assert names(written.done) == ["etl/n1", "etl/n2"]
    assert [(c.deployment, why) for c, why in written.failed] == [("etl/n0", "No.")]


def test_one_that_is_gone_already_counts_as_deleted():
    def gone(request: Request) -> Answer | None:
        return Answer(404, {"detail": "Not found"}) if request.method == "DELETE" else None

    written, _ = run(Workspace(gone), *doomed(1))
    assert len(written.done) == 1
