"""The writer when something goes wrong, and in which order it asks. The API is a fake."""

from __future__ import annotations

import asyncio
import time

import pytest

from flowlift.errors import LockedError
from flowlift.plan.fields import KnownAfterBuild
from flowlift.workspace import client as client_module
from flowlift.workspace import retry, upsert
from flowlift.workspace.client import Client
from flowlift.workspace.write import Written, write
from tests.parts import writes
from tests.parts.fake_api import ask, fake_api
from tests.parts.proxy import Answer, Request
from tests.parts.voices import RecordingVoice
from tests.parts.writing_api import Workspace, names, refusing, run


@pytest.fixture(autouse=True)
def _near(monkeypatch: pytest.MonkeyPatch):
    """The fake is near, so it gets one write at a time, however busy this machine is."""
    monkeypatch.setattr(client_module, "NEAR", 60.0)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(retry, "PATIENCE", 0.2)
    monkeypatch.setattr(retry, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(upsert, "PAUSES", (0.01, 0.01))


def test_a_flow_is_asked_for_once_and_each_deployment_written_once():
    changes = [writes.put(writes.desired(f"n{n}")) for n in range(4)]
    voice = RecordingVoice()
    written, api = run(Workspace(), *changes, voice=voice)
    assert names(written.done) == voice.names == [f"etl/n{n}" for n in range(4)]
    assert (written.failed, written.left, written.why) == ([], [], "")
    paths = [request.path for request in api.writes]
    assert paths == ["/flows/", *["/deployments/"] * 4]


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


def test_how_long_a_change_took_is_told():
    voice = RecordingVoice()
    begun = time.perf_counter()
    run(Workspace(), writes.put(writes.desired()), voice=voice)
    assert 0 < voice.seconds[0] <= time.perf_counter() - begun
