"""What was applied is run, and its end awaited. The API and time are models, git is a stand-in."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from flowlift.deployments.verifying import LOG_LOOKS, RunOutcome, verify
from flowlift.errors import InputError
from flowlift.workspace.client import Client
from flowlift.workspace.runs import TAG
from tests.parts.fake_workspace import Fate
from tests.parts.proxy import Answer, Request
from tests.parts.small_platform import CONFIG, SmallPlatform
from tests.parts.voices import RecordingVoice


@pytest.fixture
def proposed(platform: SmallPlatform) -> SmallPlatform:
    """DEV runs the branch feat/rows: hourly, nightly and weekly."""
    for entry in platform.deployments:
        entry["description"] = "Changed."
    platform.propose("feat/rows")
    platform.apply("dev")
    platform.dev.workers = ["w1"]
    return platform


def ended(platform: SmallPlatform, *names: str, environment: str = "dev") -> dict[str, RunOutcome]:
    """How the runs ended, by the deployment's own name."""
    voice = RecordingVoice()

    async def work(client: Client) -> list[RunOutcome]:
        return await verify(platform.project, environment, names, client, voice)

    outcomes = platform.ask(environment, work)
    assert voice.progress[0][0] == 0
    assert voice.progress[-1][:2] == (len(outcomes), len(outcomes))
    return {outcome.deployment.split("/")[1]: outcome for outcome in outcomes}


def states(outcomes: dict[str, RunOutcome]) -> dict[str, str]:
    return {name: outcome.state for name, outcome in outcomes.items()}


def test_everything_of_the_branch_runs_once_and_is_awaited(proposed: SmallPlatform):
    outcomes = ended(proposed)
    assert states(outcomes) == dict.fromkeys(("hourly", "nightly", "weekly"), "Completed")
    assert all(outcome.well and outcome.seconds == 2.0 for outcome in outcomes.values())
    assert len(proposed.dev.runs) == 3
    at = f"flowlift-at-{proposed.repository.head()[:12]}"
    assert all(run["tags"] == [TAG, at] for run in proposed.dev.runs.values())
    assert outcomes["hourly"].url.startswith("http://dev.invalid/runs/flow-run/id-")


def test_only_what_is_named_runs(proposed: SmallPlatform):
    assert set(ended(proposed, "ingest/*")) == {"hourly", "nightly"}
    assert set(ended(proposed, "weekly")) == {"weekly"}


def test_what_the_configuration_leaves_out_does_not_run(proposed: SmallPlatform):
    proposed.commit({"flowlift.toml": CONFIG + '[verify]\nskip = ["ingest/*"]\n'})
    assert set(ended(proposed)) == {"weekly"}


def test_parameters_of_later_patterns_stand_above_those_of_earlier_ones(proposed: SmallPlatform):
    proposed.commit(
        {
            "flowlift.toml": CONFIG
            + '[verify.parameters]\n"*" = {rows = 1, day = "x"}\n"ingest/hourly" = {rows = 2}\n'
        }
    )
    ended(proposed, "ingest/*")
    given = {run["deployment"]: run["parameters"] for run in proposed.dev.runs.values()}
    assert given == {"hourly": {"rows": 2, "day": "x"}, "nightly": {"rows": 1, "day": "x"}}


# What is run -----------------------------------------------------------------------------


def test_what_another_branch_has_is_not_run(proposed: SmallPlatform):
    proposed.dev.named("weekly")["labels"]["flowlift.branch"] = "feat/other"
    assert set(ended(proposed)) == {"hourly", "nightly"}


def test_what_another_repository_has_is_not_run(proposed: SmallPlatform):
    proposed.dev.named("weekly")["labels"]["flowlift.repository"] = "github.com/acme/other"
    assert set(ended(proposed)) == {"hourly", "nightly"}


def test_of_the_default_branch_what_this_commit_wrote_is_run(proposed: SmallPlatform):
    proposed.repository.merge("feat/rows")
    proposed.apply("prod")
    proposed.named("hourly")["parameters"] = {"rows": 8}
    proposed.commit()
    proposed.apply("prod")
    assert set(ended(proposed, environment="prod")) == {"hourly"}
    assert set(ended(proposed, "nightly", environment="prod")) == {"nightly"}


@pytest.mark.parametrize(
    ("names", "said"), [((), "branch 'feat/rows'."), (("daily",), "with that name")]
)
def test_where_there_is_nothing_the_remedy_is_to_apply(
    proposed: SmallPlatform, names: tuple[str, ...], said: str
):
    if not names:
        proposed.dev.deployments.clear()
    with pytest.raises(InputError, match=said) as raised:
        ended(proposed, *names)
    assert "flowlift apply dev" in raised.value.remedy


# How runs end ----------------------------------------------------------------------------


def test_a_run_that_fails_says_why_with_the_last_of_its_log(proposed: SmallPlatform):
    logs = ((20, "loaded"), (40, "no such source"))
    proposed.dev.fates["hourly"] = Fate("FAILED", message="It broke.", logs=logs)
    outcomes = ended(proposed)
    hourly = outcomes["hourly"]
    assert (hourly.state, hourly.well, hourly.message) == ("Failed", False, "It broke.")
    assert hourly.log_lines == ("INFO     loaded", "ERROR    no such source")
    assert outcomes["nightly"].well
    assert outcomes["nightly"].log_lines == ()


def test_a_log_without_an_error_is_asked_for_again_for_some_time(proposed: SmallPlatform):
    proposed.dev.fates["hourly"] = Fate("FAILED", logs=((20, "loaded"),))
    assert ended(proposed, "hourly")["hourly"].log_lines == ("INFO     loaded",)
    asked = [request for request in proposed.dev.requests if request.path == "/logs/filter"]
    assert len(asked) == LOG_LOOKS


def test_what_was_cached_went_well(proposed: SmallPlatform):
    proposed.dev.fates["hourly"] = Fate("COMPLETED", name="Cached")
    assert ended(proposed, "hourly")["hourly"].well


def test_a_run_that_somebody_deletes_is_told(proposed: SmallPlatform):
    proposed.dev.fates["hourly"] = Fate(gone=True)
    assert states(ended(proposed)) == {
        "hourly": "Deleted",
        "nightly": "Completed",
        "weekly": "Completed",
    }


def test_what_the_api_refuses_to_start_is_told_and_the_others_run(proposed: SmallPlatform):
    hourly = proposed.dev.named("hourly")["id"]

    def refuse(request: Request) -> Answer | None:
        if request.path == f"/deployments/{hourly}/create_flow_run":
            return Answer(422, {"exception_message": "rows: not a number"})
        return None

    proposed.dev.special = refuse
    outcomes = ended(proposed)
    assert states(outcomes)["hourly"] == "Refused"
    assert outcomes["nightly"].well


TIMES = "[verify]\nstart-timeout = 30\ntimeout = 100\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"workers": []}, "no worker polls work pool 'pool'. Start one: prefect worker start"),
        ({"paused": True}, "work pool 'pool' or its queue is paused."),
        ({"pools": {}}, "there is no work pool 'pool'."),
        ({"type": "cloud:push", "workers": []}, "is polled, but has not started it"),
        ({}, "is polled, but has not started it: is its limit reached?"),
    ],
)
def test_a_run_that_does_not_start_is_cancelled_and_says_why(
    proposed: SmallPlatform, change: dict[str, Any], said: str
):
    proposed.commit({"flowlift.toml": CONFIG + TIMES})
    proposed.dev.fates["hourly"] = Fate(begins=None)
    proposed.dev.workers = change.get("workers", ["w1"])
    proposed.dev.pools["pool"]["is_paused"] = change.get("paused", False)
    proposed.dev.pools["pool"]["type"] = change.get("type", "process")
    proposed.dev.pools = change.get("pools", proposed.dev.pools)
    outcome = ended(proposed, "hourly")["hourly"]
    assert (outcome.state, outcome.seconds) == ("NotStarted", None)
    assert outcome.message.startswith("Not started within 30 s: ")
    assert said in outcome.message
    (run,) = proposed.dev.runs.values()
    assert run["told"] == "CANCELLED"


def test_a_run_without_a_pool_says_so(proposed: SmallPlatform):
    proposed.commit({"flowlift.toml": CONFIG + TIMES})
    proposed.dev.fates["hourly"] = Fate(begins=None)
    proposed.dev.named("hourly")["work_pool_name"] = None
    assert "has no work pool" in ended(proposed, "hourly")["hourly"].message


def test_a_run_that_takes_too_long_is_cancelled_while_it_runs(proposed: SmallPlatform):
    proposed.commit({"flowlift.toml": CONFIG + TIMES})
    logs = ((40, "still waiting"),)
    proposed.dev.fates["hourly"] = Fate(takes=1000.0, logs=logs)
    outcomes = ended(proposed)
    hourly = outcomes["hourly"]
    assert (hourly.state, hourly.message) == ("TimedOut", "Not ended within 100 s.")
    assert hourly.seconds is not None
    assert 95 < hourly.seconds < 105
    assert hourly.log_lines == ("ERROR    still waiting",)
    told = {run["deployment"]: run.get("told") for run in proposed.dev.runs.values()}
    assert told == {"hourly": "CANCELLING", "nightly": None, "weekly": None}


def test_an_interruption_leaves_no_run_behind(proposed: SmallPlatform):
    proposed.dev.fates = {name: Fate(takes=1000.0) for name in ("hourly", "nightly", "weekly")}

    async def work(client: Client) -> None:
        doing = asyncio.ensure_future(verify(proposed.project, "dev", (), client))
        asyncio.get_running_loop().call_later(10, doing.cancel)
        with pytest.raises(asyncio.CancelledError):
            await doing

    proposed.ask("dev", work)
    assert {run["told"] for run in proposed.dev.runs.values()} == {"CANCELLING"}
    assert {run["why"] for run in proposed.dev.runs.values()} == {"flowlift verify was interrupted"}


def test_a_pull_request_that_ci_has_merged_on_trial_runs_its_own_branch(proposed: SmallPlatform):
    proposed.repository.detach()
    proposed.context = replace(proposed.context, branch="feat/rows", pull_request=7)
    assert set(ended(proposed)) == {"hourly", "nightly", "weekly"}
