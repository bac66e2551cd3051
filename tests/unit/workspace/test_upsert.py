"""One deployment put into a workspace: what an upsert cannot say, and its triggers. A fake API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from flowlift.workspace import client as client_module
from flowlift.workspace import retry, upsert
from flowlift.workspace.automations import LABEL
from tests.parts import writes
from tests.parts.proxy import Answer, Request
from tests.parts.writing_api import Workspace, run


@pytest.fixture(autouse=True)
def _near(monkeypatch: pytest.MonkeyPatch):
    """The fake is near, so it gets one write at a time, however busy this machine is."""
    monkeypatch.setattr(client_module, "NEAR", 60.0)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(retry, "PATIENCE", 0.2)
    monkeypatch.setattr(retry, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(upsert, "PAUSES", (0.01, 0.01))


def test_an_update_needs_no_question_for_its_flow():
    wanted = writes.desired(tags=["new"])
    _, api = run(Workspace(), writes.put(wanted, writes.live(writes.desired())))
    assert [request.path for request in api.writes] == ["/deployments/"]
    assert api.writes[0].json()["flow_id"] == "id-etl"


def test_flows_that_exist_are_looked_up_together():
    def known(request: Request) -> Answer | None:
        if request.path == "/flows/filter":
            return Answer(200, [{"id": f"x{n}", "name": f"f{n}"} for n in range(3)])
        return None

    changes = [writes.put(writes.desired(flow=f"f{n}")) for n in range(4)]
    written, api = run(Workspace(known), *changes)
    assert len(written.done) == 4
    assert api.counts["POST", "/flows/"] == 1


# What an upsert cannot say ---------------------------------------------------------------


def test_nulls_are_sent_as_what_they_mean():
    wanted = writes.desired(tags=None, parameters=None, paused=None, job_variables=None)
    _, api = run(Workspace(), writes.put(wanted))
    body = api.writes[-1].json()
    assert [body[key] for key in ("tags", "parameters", "paused", "job_variables")] == [
        [],
        {},
        False,
        {},
    ]


@pytest.mark.parametrize(("before", "sent"), [(None, False), (3, True)])
def test_a_limit_is_taken_away_only_where_the_deployment_has_its_own(before: Any, sent: bool):
    now = writes.live(writes.desired(concurrency_limit=before))
    _, api = run(Workspace(), writes.put(writes.desired(), now))
    assert ("concurrency_limit" in api.writes[0].json()) is sent


def test_a_server_that_keeps_what_it_should_take_away_is_told():
    def keeping(request: Request) -> Answer | None:
        if request.path == "/deployments/" and request.method == "POST":
            return Answer(200, workspace.upsert({**request.json(), "job_variables": {"a": 1}}))
        return None

    workspace = Workspace(keeping, version="3.4.0")
    written, api = run(workspace, writes.put(writes.desired(job_variables={})))
    assert "3.4.0) keeps job_variables" in written.failed[0][1]
    assert [request.method for request in api.writes] == ["POST", "POST", "PATCH"]


# Triggers --------------------------------------------------------------------------------


def test_triggers_are_made_after_their_deployment_and_named_in_its_label():
    wanted = writes.desired(triggers=(writes.trigger("nightly"), writes.trigger("nightly", 2)))
    _, api = run(Workspace(), writes.put(wanted))
    paths = [request.path for request in api.writes]
    assert paths == ["/flows/", "/deployments/", "/automations/", "/automations/"]
    assert api.writes[1].json()["labels"][LABEL] == (
        '["nightly__automation_1", "nightly__automation_2"]'
    )
    sent = api.writes[2].json()
    assert sent["owner_resource"] == "prefect.deployment.id-nightly"
    assert sent["actions"][0]["deployment_id"] == "id-nightly"
    assert "tags" not in sent  # Prefect 3.4.0 refuses the word


def test_triggers_that_are_right_are_left_alone():
    wanted = writes.desired(triggers=(writes.trigger("nightly"),), tags=["new"])
    _, api = run(Workspace(), writes.put(wanted, writes.live(wanted)))
    assert [request.path for request in api.writes] == ["/deployments/"]


def test_old_triggers_go_before_the_label_that_tells_of_them():
    now = writes.live(writes.desired(triggers=(writes.trigger("nightly", name="x"),)))
    _, api = run(Workspace(), writes.put(writes.desired(), now))
    assert [(r.method, r.path) for r in api.writes] == [
        ("DELETE", "/automations/owned-by/prefect.deployment.id-nightly"),
        ("POST", "/deployments/"),
    ]


def test_triggers_that_cannot_be_seen_are_left_where_there_should_be_none():
    now = writes.live(writes.desired(), triggers=None)
    _, api = run(Workspace(), writes.put(writes.desired(tags=["new"]), now))
    assert [request.path for request in api.writes] == ["/deployments/"]


@pytest.mark.parametrize("made", [True, False])
def test_an_automation_is_made_once_even_if_the_answer_is_lost(made: bool):
    def losing() -> Iterator[bool]:
        yield True
        while True:
            yield False

    lost = losing()

    def special(request: Request) -> Answer | None:
        if request.path == "/automations/" and next(lost):
            if made:
                workspace.automations.append(request.json())
            return Answer(0)
        return None

    workspace = Workspace(special)
    same = writes.trigger("nightly", name="same")
    written, _ = run(workspace, writes.put(writes.desired(triggers=(same, same))))
    assert not written.failed
    assert len(workspace.automations) == 2
