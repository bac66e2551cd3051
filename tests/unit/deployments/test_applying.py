"""Apply: what is shown is written, or nothing is. Git is a stand-in, API and time are models."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import pytest

from flowlift.deployments.applying import check_saved
from flowlift.errors import FindingsError, InputError, LockedError, StalePlanError, StepError
from flowlift.findings import Action
from flowlift.plan.model import Change, Plan, Provenance
from tests.parts.fake_workspace import NOON
from tests.parts.proxy import Answer, Request
from tests.parts.small_platform import SmallPlatform, actions
from tests.parts.voices import RecordingVoice

ALL = ["hourly", "nightly", "weekly"]


def before_the_lock_is_asked_for(platform: SmallPlatform, act: Any) -> None:
    """Do `act` in PROD between the reading of a plan and its lock, once."""

    def special(request: Request) -> Answer | None:
        if (request.method, request.path) == ("POST", "/variables/"):
            platform.prod.special = lambda request: None
            act()
        return None

    platform.prod.special = special


# The whole way ---------------------------------------------------------------------------


def test_what_was_planned_is_written_and_the_next_plan_is_empty(platform: SmallPlatform):
    begun = time.perf_counter()
    assert actions(platform.plan("prod")) == dict.fromkeys(ALL, "create")
    voice = RecordingVoice()
    done = platform.apply("prod", voice)
    assert platform.plan("prod").writes == ()
    seconds = time.perf_counter() - begun
    assert done.complete
    assert platform.prod.names == ALL
    assert voice.names == ["ingest/hourly", "ingest/nightly", "report/weekly"]
    assert [change.deployment for change in done.written.done] == voice.names
    assert not platform.prod.locked
    assert seconds < 1.0  # some hundredths, where the machine has nothing else to do


def test_prod_gets_the_stamp_and_its_schedules_on(platform: SmallPlatform):
    platform.apply("prod")
    hourly = platform.prod.named("hourly")
    assert hourly["labels"]["flowlift.repository"] == "github.com/acme/platform"
    assert hourly["labels"]["flowlift.commit"] == platform.repository.head()
    assert [schedule["active"] for schedule in hourly["schedules"]] == [True]


def test_dev_gets_the_branch_in_its_clone_its_tag_and_its_schedules_off(platform: SmallPlatform):
    platform.named("hourly")["parameters"] = {"rows": 7}
    platform.propose("feat/rows")
    platform.apply("dev")
    assert platform.dev.names == ["hourly"]
    hourly = platform.dev.named("hourly")
    assert hourly["pull_steps"][0]["prefect.deployments.steps.git_clone"]["branch"] == "feat/rows"
    assert hourly["tags"] == ["feat/rows"]
    assert [schedule["active"] for schedule in hourly["schedules"]] == [False]


def test_where_nothing_differs_nobody_is_asked_and_no_lock_is_taken(platform: SmallPlatform):
    platform.apply("prod")
    platform.prod.requests.clear()
    voice = RecordingVoice()
    done = platform.apply("prod", voice)
    assert (done.complete, done.written.done, voice.heard.count("confirm")) == (True, [], 0)
    assert platform.prod.writes == []
    assert all(not request.path.startswith("/variables/") for request in platform.prod.requests)


def test_what_is_no_longer_declared_is_deleted_last(platform: SmallPlatform):
    platform.apply("prod")
    platform.deployments.pop()
    platform.named("hourly")["parameters"] = {"rows": 6}
    platform.commit()
    platform.prod.requests.clear()
    platform.apply("prod")
    assert platform.prod.names == ["hourly", "nightly"]
    assert [write.split("/")[0] for write in platform.prod.writes] == ["POST ", "DELETE "]


# What stops it ---------------------------------------------------------------------------


def test_one_finding_stops_every_write(platform: SmallPlatform):
    platform.named("weekly")["work_pool"] = {"name": "pull"}
    platform.commit()
    voice = RecordingVoice()
    with pytest.raises(FindingsError):
        platform.apply("prod", voice)
    (plan,) = voice.plans
    assert [finding.check for finding in plan.errors] == ["missing-work-pool"]
    assert (platform.prod.writes, platform.prod.names, voice.heard.count("confirm")) == ([], [], 0)


def test_a_person_who_says_no_leaves_everything_as_it_is(platform: SmallPlatform):
    done = platform.apply("prod", RecordingVoice(yes=False))
    assert (done.confirmed, platform.prod.writes) == (False, [])


def test_what_is_not_merged_never_reaches_prod(platform: SmallPlatform):
    platform.named("hourly")["parameters"] = {"rows": 7}
    platform.propose("feat/rows")
    with pytest.raises(InputError, match="'feat/rows' is not merged into 'main'"):
        platform.apply("prod")
    assert platform.prod.requests == []


def test_a_branch_whose_commit_is_merged_may_be_applied_to_prod(platform: SmallPlatform):
    platform.propose("feat/rows")
    platform.repository.merge("feat/rows")
    platform.repository.switch("feat/rows")
    assert platform.apply("prod").complete


# Others who write ------------------------------------------------------------------------


def test_a_lock_that_another_holds_is_waited_for_and_its_holder_named(platform: SmallPlatform):
    platform.prod.hold("github.com/acme/platform", seconds=100)
    voice = RecordingVoice()
    assert platform.apply("prod", voice).complete
    assert voice.holders == [f"ben@laptop, since {NOON:%H:%M:%S} UTC"]
    assert platform.prod.names == ALL


def test_a_lock_that_is_held_too_long_ends_it_before_any_write(platform: SmallPlatform):
    platform.prod.hold("github.com/acme/platform", seconds=3600)
    with pytest.raises(LockedError, match="being written by ben@laptop"):
        platform.apply("prod", lock_wait=30)
    assert platform.prod.writes == []


def test_an_operators_change_between_reading_and_writing_is_planned_again(platform: SmallPlatform):
    platform.apply("prod")
    platform.named("hourly")["parameters"] = {"rows": 6}
    platform.commit()

    def pause() -> None:
        platform.prod.named("hourly")["schedules"][0]["active"] = False

    before_the_lock_is_asked_for(platform, pause)
    voice = RecordingVoice()
    done = platform.apply("prod", voice)
    assert done.complete
    assert len(voice.plans) == 2
    hourly = platform.prod.named("hourly")
    assert hourly["parameters"] == {"rows": 6}
    assert [schedule["active"] for schedule in hourly["schedules"]] == [False]


def test_what_another_has_made_meanwhile_is_not_made_again(platform: SmallPlatform):
    other = SmallPlatform(platform.repository, environ=platform.environ)
    other.prod.pool("pool")
    other.apply("prod")

    def make() -> None:
        platform.prod.deployments.update(other.prod.deployments)
        platform.prod.flows.update(other.prod.flows)

    before_the_lock_is_asked_for(platform, make)
    voice = RecordingVoice()
    done = platform.apply("prod", voice)
    assert (done.complete, done.written.done) == (True, [])
    assert [len(plan.writes) for plan in voice.plans] == [3, 0]
    assert platform.prod.writes == []


def test_an_operator_who_deletes_what_is_to_be_changed_has_it_made_again(platform: SmallPlatform):
    platform.apply("prod")
    platform.named("hourly")["parameters"] = {"rows": 6}
    platform.commit()

    def delete() -> None:
        del platform.prod.deployments[platform.prod.named("hourly")["id"]]

    before_the_lock_is_asked_for(platform, delete)
    voice = RecordingVoice()
    platform.apply("prod", voice)
    assert [actions(plan) for plan in voice.plans] == [{"hourly": "update"}, {"hourly": "create"}]
    assert platform.prod.named("hourly")["parameters"] == {"rows": 6}


def test_findings_of_the_second_look_stop_it_too(platform: SmallPlatform):
    before_the_lock_is_asked_for(platform, lambda: made_by_another_repository(platform))
    voice = RecordingVoice()
    with pytest.raises(FindingsError):
        platform.apply("prod", voice)
    assert len(voice.plans) == 2
    assert platform.prod.writes == []
    assert not platform.prod.locked


def made_by_another_repository(platform: SmallPlatform) -> None:
    """A deployment of the same name, in the middle of our apply, that is not ours."""
    flow = {"id": "f1", "name": "ingest"}
    platform.prod.flows["f1"] = flow
    platform.prod.deployments["d1"] = {
        "id": "d1",
        "name": "hourly",
        "flow_id": "f1",
        "schedules": [],
        "tags": [],
        "labels": {"flowlift.repository": "github.com/acme/other"},
    }


# A saved plan ----------------------------------------------------------------------------


def test_a_saved_plan_is_applied_as_it_is(platform: SmallPlatform):
    saved = platform.plan("prod")
    assert platform.apply("prod", saved=saved).complete
    assert platform.prod.names == ALL


def test_a_saved_plan_is_refused_where_the_workspace_has_changed_since(platform: SmallPlatform):
    platform.apply("prod")
    platform.named("hourly")["parameters"] = {"rows": 6}
    platform.commit()
    saved = platform.plan("prod")
    platform.prod.named("hourly")["parameters"] = {"rows": 9}
    platform.prod.requests.clear()
    with pytest.raises(StalePlanError, match="stale for ingest/hourly"):
        platform.apply("prod", saved=saved)
    assert platform.prod.writes == []


def test_a_saved_plan_is_refused_where_somebody_writes_at_the_same_time(platform: SmallPlatform):
    saved = platform.plan("prod")
    before_the_lock_is_asked_for(platform, lambda: made_by_another_repository(platform))
    with pytest.raises(StalePlanError, match="changed after the plan was saved"):
        platform.apply("prod", saved=saved)
    assert platform.prod.writes == []
    assert not platform.prod.locked


def a_plan(
    environment: str = "prod", commit: str = "a" * 40, branch: str = "main", names: int = 0
) -> Plan:
    return Plan(
        environment=environment,
        scope="all",
        provenance=Provenance(repository="acme", commit=commit, branch=branch),
        changes=tuple(
            Change(action=Action.CREATE, deployment=f"f/n{number}", fingerprint="x")
            for number in range(names)
        ),
    )


@pytest.mark.parametrize(
    ("saved", "said"),
    [
        (a_plan(environment="dev"), "for 'dev', not for 'prod'"),
        (a_plan(commit="b" * 40), "for commit bbbbbbbb, this is aaaaaaaa"),
        (a_plan(branch="feat/a"), "for branch 'feat/a', this is 'main'"),
        (a_plan(names=2), r"stale for f/n0, f/n1\."),
        (a_plan(names=5), "stale for f/n0, f/n1, f/n2 and 2 more"),
    ],
)
def test_a_saved_plan_says_what_it_differs_in(saved: Plan, said: str):
    with pytest.raises((StalePlanError, InputError), match=said):
        check_saved(saved, a_plan())


def test_a_saved_plan_that_is_what_would_be_done_is_not_stale():
    check_saved(a_plan(names=3), a_plan(names=3))


# Trouble while it writes -----------------------------------------------------------------


def test_an_answer_that_is_lost_after_the_work_was_done_makes_nothing_twice(
    platform: SmallPlatform,
):
    platform.prod.lost = ["POST /deployments/", "POST /flows/"]
    assert platform.apply("prod").complete
    assert platform.prod.lost == []
    assert len(platform.prod.deployments) == 3
    assert len(platform.prod.flows) == 2
    assert platform.plan("prod").writes == ()


def test_a_lock_whose_answer_is_lost_is_known_as_ours(platform: SmallPlatform):
    platform.prod.lost = ["POST /variables/"]
    voice = RecordingVoice()
    assert platform.apply("prod", voice).complete
    assert voice.holders == []
    assert not platform.prod.locked


def test_what_a_server_refuses_is_told_and_the_rest_left(platform: SmallPlatform):
    def refuse(request: Request) -> Answer | None:
        if request.path == "/deployments/" and request.json()["name"] == "nightly":
            return Answer(409, {"detail": "No."})
        return None

    platform.prod.special = refuse
    done = platform.apply("prod")
    assert not done.complete
    assert [change.deployment for change in done.written.done] == ["ingest/hourly"]
    assert [(c.deployment, why) for c, why in done.written.failed] == [("ingest/nightly", "No.")]
    assert [change.deployment for change in done.written.left] == ["report/weekly"]
    platform.prod.special = lambda request: None
    assert platform.apply("prod").complete
    assert platform.prod.names == ALL


def test_an_interruption_says_what_was_done_and_gives_the_lock_back(platform: SmallPlatform):
    voice = RecordingVoice()
    done = platform.interrupted("prod", voice)
    assert done.written.interrupted
    assert [change.deployment for change in done.written.done] == voice.names
    assert voice.names[0] == "ingest/hourly"
    assert [change.deployment for change in done.written.left]
    assert not platform.prod.locked
    assert platform.apply("prod").complete
    assert platform.prod.names == ALL


def test_whoever_loses_the_lock_begins_nothing_more(platform: SmallPlatform):
    taken_over: list[str] = []

    def special(request: Request) -> Answer | None:
        if request.path == "/deployments/" and not taken_over:
            taken_over.append("now")
            platform.prod.variables.clear()
            return Answer(429, {"detail": "Later."}, headers={"retry-after": "25"})
        return None

    platform.prod.special = special
    done = platform.apply("prod")
    assert [change.deployment for change in done.written.done] == ["ingest/hourly"]
    assert "somebody else has taken it over" in done.written.why
    assert len(done.written.left) == 2


# Build steps -----------------------------------------------------------------------------

BUILD = [{"my.steps.image": {"id": "image", "name": "a"}}]


def with_build_steps(platform: SmallPlatform, image: str) -> None:
    platform.named("hourly")["build"] = BUILD
    platform.named("hourly")["work_pool"] = {"name": "pool", "job_variables": {"image": image}}
    platform.commit()


def test_what_build_steps_put_out_is_written(
    platform: SmallPlatform, monkeypatch: pytest.MonkeyPatch
):
    with_build_steps(platform, "{{ image.tag }}")

    async def build(project: Any, reading: Any, endpoint: Any, told: Any) -> Any:
        assert platform.prod.locked
        assert platform.prod.writes == []
        return {0: {"image": {"tag": "flows:1"}}}

    monkeypatch.setattr("flowlift.deployments.applying.run_builds", build)
    assert platform.apply("prod").complete
    assert platform.prod.named("hourly")["job_variables"] == {"image": "flows:1"}


def test_a_build_step_that_fails_leaves_the_workspace_as_it_is(
    platform: SmallPlatform, monkeypatch: pytest.MonkeyPatch
):
    with_build_steps(platform, "{{ image.tag }}")

    async def build(project: Any, reading: Any, endpoint: Any, told: Any) -> Any:
        raise StepError("A build step failed.")

    monkeypatch.setattr("flowlift.deployments.applying.run_builds", build)
    with pytest.raises(StepError):
        platform.apply("prod")
    assert (platform.prod.writes, platform.prod.locked) == ([], False)


def test_what_build_steps_put_out_is_checked_before_the_first_write(
    platform: SmallPlatform, monkeypatch: pytest.MonkeyPatch
):
    with_build_steps(platform, "{{ image.tag }}")

    async def build(project: Any, reading: Any, endpoint: Any, told: Any) -> Any:
        return {0: {"image": {"name": "flows"}}}

    monkeypatch.setattr("flowlift.deployments.applying.run_builds", build)
    voice = RecordingVoice()
    with pytest.raises(FindingsError):
        platform.apply("prod", voice)
    assert [finding.check for finding in voice.plans[-1].errors] == ["undefined-word"]
    assert platform.prod.writes == []


def test_an_interruption_after_the_last_write_gives_the_lock_back(platform: SmallPlatform):
    with contextlib.suppress(asyncio.CancelledError):
        platform.interrupted("prod", after=3)
    assert platform.prod.names == ALL
    assert not platform.prod.locked
