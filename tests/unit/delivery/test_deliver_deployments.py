"""The deployments' part of a delivery. Git is a stand-in, the API and time are models."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flowlift.delivery.deciding import Request
from flowlift.errors import EndpointError, FindingsError
from tests.parts.deliveries import SmallDelivery
from tests.parts.fake_workspace import Fate
from tests.parts.proxy import Answer
from tests.parts.proxy import Request as Asked
from tests.parts.small_platform import CONFIG, INGEST, SmallPlatform

VERIFIED = CONFIG.replace('schedules = "off"\n', 'schedules = "off"\nverify = true\n')


@pytest.fixture
def delivery(platform: SmallPlatform, monkeypatch: pytest.MonkeyPatch) -> SmallDelivery:
    """A pushed branch that changes `hourly`, in a pull request."""
    platform.commit({"flowlift.toml": VERIFIED})
    platform.repository.push()
    platform.named("hourly")["parameters"] = {"rows": 7}
    platform.propose("feat/rows")
    platform.context = replace(platform.context, branch="feat/rows", pull_request=7)
    return SmallDelivery.on(platform, monkeypatch)


# Apply -----------------------------------------------------------------------------------


def test_dev_gets_the_branch_and_what_it_got_is_run(delivery: SmallDelivery):
    outcome = delivery.step("apply", "dev")
    assert (outcome.code, outcome.state, outcome.quiet) == (0, "success", False)
    assert outcome.written == ("ingest/hourly",)
    assert outcome.data == {
        "failed": {},
        "left": [],
        "runs": {"ingest/hourly": "Completed"},
    }
    assert delivery.platform.dev.names == ["hourly"]
    assert [run.deployment for run in delivery.voice.runs] == ["ingest/hourly"]
    assert [result.plan for result in delivery.voice.results] == [outcome.plan]
    assert delivery.voice.plans == [outcome.plan]
    assert delivery.voice.names == ["ingest/hourly"]
    section = outcome.section(60_000)
    assert "Runs `feat/rows` now" in section
    assert "`ingest/hourly`" in section


def test_a_run_that_fails_fails_the_step_and_stands_in_its_section(delivery: SmallDelivery):
    delivery.platform.dev.fates["hourly"] = Fate("FAILED", message="No such source.")
    outcome = delivery.step("apply", "dev")
    assert (outcome.code, outcome.state) == (1, "failure")
    assert outcome.data["runs"] == {"ingest/hourly": "Failed"}
    assert "No such source." in outcome.section(60_000)
    assert outcome.written == ("ingest/hourly",)


def test_the_gate_stays_shut_until_a_run_is_well(delivery: SmallDelivery):
    """Neither a job that runs again nor a commit that changes only source opens it."""
    delivery.platform.dev.fates["hourly"] = Fate("FAILED", message="No such source.")
    assert delivery.step("apply", "dev").code == 1
    again = delivery.step("apply", "dev")
    assert (again.code, again.state, again.quiet, again.written) == (1, "failure", False, ())
    assert "No such source." in again.section(60_000)
    delivery.platform.propose("feat/rows", {"src/flows/ingest.py": INGEST + "# mended\n"})
    assert delivery.step("apply", "dev").code == 1
    del delivery.platform.dev.fates["hourly"]
    assert delivery.step("apply", "dev").data["runs"] == {"ingest/hourly": "Completed"}


def test_what_ran_well_at_this_commit_is_not_run_again(delivery: SmallDelivery):
    assert delivery.step("apply", "dev").data["runs"] == {"ingest/hourly": "Completed"}
    again = delivery.step("apply", "dev")
    assert (again.code, again.data["runs"], again.quiet) == (0, {}, True)
    delivery.platform.propose("feat/rows", {"src/flows/ingest.py": INGEST + "# more\n"})
    assert set(delivery.step("apply", "dev").data["runs"]) == {"ingest/hourly", "ingest/nightly"}


def test_without_the_environment_s_wish_nothing_is_run(delivery: SmallDelivery):
    delivery.platform.propose("feat/rows", {"flowlift.toml": CONFIG})
    assert delivery.step("apply", "dev").code == 0
    assert delivery.platform.dev.runs == {}


def test_what_goes_back_to_the_default_branch_is_not_run(delivery: SmallDelivery):
    delivery.step("apply", "dev")
    delivery.platform.dev.runs.clear()
    delivery.platform.named("hourly")["parameters"] = {"rows": 5}
    delivery.platform.propose("feat/rows")
    outcome = delivery.step("apply", "dev")
    assert (outcome.code, outcome.error) == (0, None)
    assert outcome.written == ("ingest/hourly",)
    assert delivery.platform.dev.runs == {}


def test_a_second_time_there_is_no_news(delivery: SmallDelivery):
    delivery.step("apply", "dev")
    again = delivery.step("apply", "dev")
    assert (again.code, again.quiet, again.written) == (0, True, ())


def test_prod_gets_the_default_branch_and_nothing_is_run_there(delivery: SmallDelivery):
    delivery.platform.repository.merge("feat/rows")
    delivery.platform.context = replace(delivery.platform.context, branch="main")
    outcome = delivery.step("apply", "prod")
    assert (outcome.code, outcome.state) == (0, "success")
    assert delivery.platform.prod.names == ["hourly", "nightly", "weekly"]
    assert delivery.platform.prod.runs == {}
    assert "Runs `main` now" in outcome.section(60_000)


def test_findings_end_it_with_the_plan_that_has_them(delivery: SmallDelivery):
    delivery.platform.named("hourly")["work_pool"] = {"name": "pull"}
    delivery.platform.propose("feat/rows")
    outcome = delivery.step("apply", "dev")
    assert (outcome.code, outcome.state) == (2, "failure")
    assert isinstance(outcome.error, FindingsError)
    assert [finding.check for finding in outcome.findings] == ["missing-work-pool"]
    assert outcome.plan is not None
    assert "missing-work-pool" in outcome.section(60_000)
    assert delivery.platform.dev.writes == []


def test_a_write_that_is_refused_says_what_failed_and_what_was_left(delivery: SmallDelivery):
    platform = delivery.platform
    for entry in platform.deployments:
        entry["description"] = "Changed."
    platform.propose("feat/rows")

    def refuse(request: Asked) -> Answer | None:
        if request.path == "/deployments/" and request.json()["name"] == "nightly":
            return Answer(409, {"detail": "No."})
        return None

    platform.dev.special = refuse
    outcome = delivery.step("apply", "dev")
    assert (outcome.code, outcome.state) == (1, "failure")
    assert outcome.written == ("ingest/hourly",)
    assert outcome.data["failed"] == {"ingest/nightly": "No."}
    assert outcome.data["left"] == ["report/weekly"]
    assert platform.dev.runs == {}


# Sync ------------------------------------------------------------------------------------


def test_a_branch_that_is_gone_leaves_dev(delivery: SmallDelivery):
    platform = delivery.platform
    delivery.step("apply", "dev")
    platform.repository.switch("main")
    platform.context = replace(platform.context, branch=None, gone="feat/rows")
    outcome = delivery.step("sync", "dev")
    assert (outcome.code, outcome.state) == (0, "success")
    hourly = platform.dev.named("hourly")
    assert (hourly["parameters"], hourly["tags"]) == ({"rows": 5}, [])


def test_what_an_open_branch_holds_stays(delivery: SmallDelivery):
    platform = delivery.platform
    delivery.step("apply", "dev")
    platform.repository.switch("main")
    platform.context = replace(platform.context, branch=None)
    assert delivery.step("sync", "dev").code == 0
    assert platform.dev.named("hourly")["tags"] == ["feat/rows"]


# Plan ------------------------------------------------------------------------------------


def test_what_prod_will_get_is_shown_and_nothing_written(delivery: SmallDelivery):
    delivery.platform.repository.merge("feat/rows")
    delivery.platform.repository.switch("feat/rows")
    outcome = delivery.step("plan", "prod")
    assert (outcome.code, outcome.state, outcome.quiet) == (0, "", False)
    assert outcome.plan is not None
    assert len(outcome.plan.writes) == 3
    assert delivery.voice.plans == [outcome.plan]
    assert delivery.platform.prod.writes == []


def test_a_plan_with_errors_is_wrong_input(delivery: SmallDelivery):
    delivery.platform.named("hourly")["work_pool"] = {"name": "pull"}
    delivery.platform.propose("feat/rows")
    outcome = delivery.step("plan", "prod")
    assert (outcome.code, outcome.error) == (2, None)


def test_without_prod_s_address_the_rest_is_still_delivered(delivery: SmallDelivery):
    del delivery.platform.environ["FLOWLIFT_PROD_API_URL"]
    outcome = delivery.step("plan", "prod")
    assert (outcome.code, outcome.quiet, outcome.plan) == (0, True, None)
    assert "no address of prod" in outcome.section(60_000)
    (line,) = delivery.voice.lines
    assert line.startswith("prod: not planned: ")


def test_an_environment_that_was_asked_for_needs_its_address(delivery: SmallDelivery):
    del delivery.platform.environ["FLOWLIFT_PROD_API_URL"]
    delivery.request = Request(environments=("prod",))
    with pytest.raises(EndpointError):
        delivery.step("plan", "prod")


# Check -----------------------------------------------------------------------------------


def test_a_fork_gets_what_the_repository_alone_tells(delivery: SmallDelivery):
    delivery.platform.environ.clear()
    outcome = delivery.step("check", "")
    assert (outcome.code, outcome.quiet, outcome.state) == (0, False, "")
    assert outcome.data == {"in_scope": ("ingest/hourly",)}
    section = outcome.section(60_000)
    assert "a fork gets no secrets" in section
    assert "Changed: " in section
    assert delivery.platform.dev.requests == delivery.platform.prod.requests == []


def test_of_many_that_a_fork_changes_ten_are_named(delivery: SmallDelivery):
    platform = delivery.platform
    entry = platform.named("weekly")
    platform.deployments += [{**entry, "name": f"n{number:02}"} for number in range(12)]
    platform.propose("feat/rows")
    section = delivery.step("check", "").section(60_000)
    assert "n08" in section
    assert "n09" not in section
    assert "and 3 more" in section


def test_a_fork_s_mistake_is_wrong_input(delivery: SmallDelivery):
    delivery.platform.named("hourly")["schedules"] = [{"cron": "61 * * * *"}]
    delivery.platform.propose("feat/rows")
    outcome = delivery.step("check", "")
    assert outcome.code == 2
    assert [finding.check for finding in outcome.findings] == ["schedule"]


def test_a_fork_that_changes_nothing_of_it_is_no_news(delivery: SmallDelivery):
    delivery.platform.repository.switch("main")
    outcome = delivery.step("check", "")
    assert (outcome.code, outcome.quiet) == (0, True)
