"""The writer when something goes wrong, and in which order it asks. The API is a fake."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flowlift.errors import LockedError
from flowlift.plan.fields import KnownAfterBuild
from flowlift.plan.model import Change
from flowlift.workspace import client as client_module
from flowlift.workspace import retry, upsert
from flowlift.workspace.automations import LABEL
from flowlift.workspace.client import Client
from flowlift.workspace.write import Written, write
from tests.parts import writes
from tests.parts.fake_api import ask, endpoint, fake_api
from tests.parts.proxy import Answer, Proxy, Request
from tests.parts.voices import RecordingVoice

Special = Callable[[Request], "Answer | None"]


@pytest.fixture(autouse=True)
def _near(monkeypatch: pytest.MonkeyPatch):
    """The fake is near, so it gets one write at a time, however busy this machine is."""
    monkeypatch.setattr(client_module, "NEAR", 60.0)


class Workspace:
    """The writing part of an API: remembers what was written, and answers as a server does."""

    def __init__(self, special: Special = lambda request: None, version: str = "3.8.8") -> None:
        self.special = special
        self.version = version
        self.deployments: dict[str, Any] = {}
        self.automations: list[Any] = []

    def __call__(self, request: Request) -> Answer | None:
        if request.path == "/admin/version":
            return Answer(200, self.version)
        if (found := self.special(request)) is not None:
            return found
        body = request.json() if request.body else {}
        match (request.method, *request.path.strip("/").split("/")):
            case ("POST", "flows"):
                return Answer(201, {"id": f"id-{body['name']}"})
            case ("POST", "flows", "filter"):
                return Answer(200, [])
            case ("POST", "deployments"):
                return Answer(201, self.upsert(body))
            case ("GET", "deployments", key):
                return Answer(200, self.deployments[key.removeprefix("id-")])
            case ("PATCH", "deployments", _):
                return Answer(204)
            case ("POST", "automations"):
                self.automations.append(body)
                return Answer(201, {})
            case ("GET", "automations", "related-to", _):
                return Answer(200, self.automations)
            case ("DELETE", _, *_):
                return Answer(202)
        return None

    def upsert(self, body: Any) -> Any:
        key = body["name"]
        before = self.deployments.get(key, {})
        self.deployments[key] = {"id": f"id-{key}", "schedules": [], **before, **body}
        return self.deployments[key]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(retry, "PATIENCE", 0.2)
    monkeypatch.setattr(retry, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(upsert, "PAUSES", (0.01, 0.01))


def run(workspace: Workspace, *changes: Change, **options: Any) -> tuple[Written, Proxy]:
    with fake_api(workspace) as api:
        return ask(api.url, lambda c: write(c, changes, **options)), api


def names(changes: list[Change]) -> list[str]:
    return [change.deployment for change in changes]


def refusing(name: str, text: str = "No.") -> Special:
    def answer(request: Request) -> Answer | None:
        if request.path == "/deployments/" and request.json()["name"] == name:
            return Answer(409, {"detail": text})
        return None

    return answer


def test_a_flow_is_asked_for_once_and_each_deployment_written_once():
    changes = [writes.put(writes.desired(f"n{n}")) for n in range(4)]
    voice = RecordingVoice()
    written, api = run(Workspace(), *changes, voice=voice)
    assert names(written.done) == voice.names == [f"etl/n{n}" for n in range(4)]
    assert (written.failed, written.left, written.why) == ([], [], "")
    paths = [request.path for request in api.writes]
    assert paths == ["/flows/", *["/deployments/"] * 4]


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


def test_after_a_failure_nothing_more_is_begun_and_all_is_told():
    changes = [writes.put(writes.desired(f"n{n}")) for n in range(4)]
    changes.append(writes.drop(writes.live(writes.desired("old"))))
    written, _ = run(Workspace(refusing("n1", "Pool 'x' not found.")), *changes)
    assert names(written.done) == ["etl/n0"]
    assert [(c.deployment, why) for c, why in written.failed] == [("etl/n1", "Pool 'x' not found.")]
    assert names(written.left) == ["etl/n2", "etl/n3", "etl/old"]
    assert written.why == "a change failed"


def test_deletions_come_last():
    old = writes.drop(writes.live(writes.desired("old")))
    _, api = run(Workspace(), old, writes.put(writes.desired("new")))
    assert [request.method for request in api.writes] == ["POST", "POST", "DELETE"]


def test_without_the_lock_nothing_more_is_begun():
    asked: list[int] = []

    def still_ours() -> None:
        asked.append(1)
        if len(asked) > 2:
            raise LockedError("The lock on dev was lost.")

    changes = [writes.put(writes.desired(f"n{n}")) for n in range(4)]
    written, _ = run(Workspace(), *changes, still_ours=still_ours)
    assert names(written.done) == ["etl/n0", "etl/n1"]
    assert names(written.left) == ["etl/n2", "etl/n3"]
    assert written.why == "The lock on dev was lost."


def test_an_interruption_finishes_what_is_under_way_and_leaves_the_rest():
    async def interrupted(client: Client) -> Written:
        changes = [writes.put(writes.desired(f"n{n}")) for n in range(50)]
        writing = asyncio.create_task(write(client, changes))
        await asyncio.sleep(0.15)
        writing.cancel()
        return await writing

    workspace = Workspace()
    with fake_api(workspace) as api:
        api.delay = 0.05
        written = ask(api.url, interrupted)
    assert (written.interrupted, written.why) == (True, "it was interrupted")
    assert written.left
    assert not written.failed
    assert set(names(written.done)) == {f"etl/{name}" for name in workspace.deployments}
    assert len(written.done) + len(written.left) == 50


def test_a_server_that_goes_away_is_a_failure_that_is_told():
    def away(request: Request) -> Answer | None:
        return Answer(0) if request.path == "/deployments/" else None

    written, _ = run(Workspace(away), *[writes.put(writes.desired(f"n{n}")) for n in range(3)])
    assert "broke off the connection" in written.failed[0][1]
    assert len(written.left) == 2


def test_a_secret_that_the_api_repeats_is_hidden():
    wanted = writes.desired(
        "n1",
        job_variables={"env": {"A": "hunter2-in-clear", "MODE": "full"}},
        secrets=frozenset({"job_variables.env.A"}),
    )
    said = "'hunter2-in-clear' is not of type 'integer' (MODE full)"
    written, _ = run(Workspace(refusing("n1", said)), writes.put(wanted))
    assert written.failed[0][1] == "'(hidden)' is not of type 'integer' (MODE full)"


def test_what_only_a_build_will_tell_is_not_written():
    wanted = writes.desired(job_variables={"image": KnownAfterBuild()})
    written, api = run(Workspace(), writes.put(wanted))
    assert not api.writes
    assert "not known" in written.failed[0][1]


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


# Deleting --------------------------------------------------------------------------------


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


def test_how_long_a_change_took_is_told():
    voice = RecordingVoice()
    begun = time.perf_counter()
    run(Workspace(), writes.put(writes.desired()), voice=voice)
    assert 0 < voice.seconds[0] <= time.perf_counter() - begun
