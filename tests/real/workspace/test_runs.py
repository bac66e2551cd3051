"""Test runs on a real worker: started once, watched to their end, explained, taken back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from flowlift.errors import AnswerError
from flowlift.workspace.client import Client
from flowlift.workspace.live import read_live
from flowlift.workspace.runs import (
    TAG,
    FlowRun,
    cancel_run,
    last_logs,
    read_runs,
    start_run,
    watch_runs,
    who_polls,
)
from flowlift.workspace.write import write
from tests.parts import writes
from tests.parts.fake_api import ask
from tests.parts.workspaces import Workspace

pytestmark = pytest.mark.real

FLOWS = """
from prefect import flow

@flow
def good(day: int = 1):
    print("day", day)

@flow(log_prints=True)
def bad():
    print("about to fail")
    raise ValueError("no data for today")
"""


def deploy(workspace: Workspace, pool: str, folder: Path, *flows: str) -> dict[str, str]:
    """Deployments of these flows; their ids by flow."""
    (folder / "flows.py").write_text(FLOWS, encoding="utf-8")
    changes = [
        writes.put(
            writes.desired(
                workspace.name(flow),
                flow=workspace.name(flow),
                work_pool_name=pool,
                path=str(folder),
                entrypoint=f"flows.py:{flow}",
                pull_steps=None,
                parameters={},
                parameter_openapi_schema={
                    "type": "object",
                    "properties": {"day": {"type": "integer"}},
                },
                job_variables={},
                tags=["nightly"],
            )
        )
        for flow in flows
    ]

    async def work(client: Client) -> dict[str, str]:
        written = await write(client, changes)
        assert not written.failed
        live = await read_live(client, names=[workspace.name(flow) for flow in flows])
        return {item.flow.removeprefix(f"{workspace.prefix}-"): item.id for item in live.values()}

    return ask(workspace.url, work)


@pytest.mark.usefixtures("process_worker")
def test_runs_are_watched_to_their_end_and_a_failure_explains_itself(
    workspace: Workspace, work_pool: str, tmp_path: Path
):
    ids = deploy(workspace, work_pool, tmp_path, "good", "bad")
    seen: list[dict[str, FlowRun]] = []

    async def work(client: Client) -> tuple[Any, ...]:
        good = await start_run(client, ids["good"], parameters={"day": 7})
        bad = await start_run(client, ids["bad"])
        async for runs in watch_runs(client, [good.id, bad.id]):
            seen.append(runs)
        # A run's log comes some moments after its end, as workers send it in portions.
        logs: list[Any] = []
        for _ in range(40):
            logs = await last_logs(client, bad.id)
            if any("no data for today" in line.message for line in logs):
                break
            await asyncio.sleep(0.5)
        return good, bad, logs, await who_polls(client, work_pool)

    good, bad, logs, poll = ask(workspace.url, work)
    end = seen[-1]
    assert not good.ended
    assert (end[good.id].succeeded, end[good.id].state) == (True, "Completed")
    assert end[bad.id].ended
    assert not end[bad.id].succeeded
    assert "no data for today" in end[bad.id].message
    assert any("no data for today" in line.message for line in logs)
    assert logs == sorted(logs, key=lambda line: line.at)
    assert poll.workers
    run = workspace.server.request("GET", f"/flow_runs/{good.id}")
    assert set(run["tags"]) == {TAG, "nightly"}
    assert run["parameters"] == {"day": 7}


def test_a_run_that_nobody_starts_is_taken_back_and_says_who_should_poll(
    workspace: Workspace, work_pool: str, tmp_path: Path
):
    ids = deploy(workspace, work_pool, tmp_path, "good")

    async def work(client: Client) -> tuple[Any, ...]:
        run = await start_run(client, ids["good"])
        poll = await who_polls(client, work_pool, run.work_queue)
        took = await cancel_run(client, run.id, "not started in time")
        twice = await cancel_run(client, run.id, "not started in time")
        return run, poll, took, twice, await read_runs(client, [run.id])

    run, poll, took, twice, now = ask(workspace.url, work)
    assert not run.started
    assert (poll.exists, poll.needs_worker, poll.workers) == (True, True, ())
    assert (took, twice) == (True, False)
    assert now[run.id].state_type == "CANCELLED"
    assert now[run.id].message == "not started in time"


def test_a_pool_that_is_paused_or_missing_is_told(workspace: Workspace, work_pool: str):
    workspace.server.request("PATCH", f"/work_pools/{work_pool}", {"is_paused": True})
    assert ask(workspace.url, lambda c: who_polls(c, work_pool)).paused
    assert not ask(workspace.url, lambda c: who_polls(c, workspace.name("none"))).exists


def test_parameters_that_do_not_fit_are_refused_in_the_apis_words(
    workspace: Workspace, work_pool: str, tmp_path: Path
):
    ids = deploy(workspace, work_pool, tmp_path, "good")
    with pytest.raises(AnswerError, match=r"field 'day'.*'tomorrow' is not"):
        ask(workspace.url, lambda c: start_run(c, ids["good"], parameters={"day": "tomorrow"}))


def test_a_run_that_is_deleted_meanwhile_counts_as_ended(
    workspace: Workspace, work_pool: str, tmp_path: Path
):
    ids = deploy(workspace, work_pool, tmp_path, "good")

    async def work(client: Client) -> int:
        run = await start_run(client, ids["good"])
        rounds = 0
        async for runs in watch_runs(client, [run.id]):
            rounds += 1
            if rounds == 1:
                assert run.id in runs
                await client.delete(f"/flow_runs/{run.id}")
        assert run.id not in runs
        return rounds

    assert ask(workspace.url, work) == 2
