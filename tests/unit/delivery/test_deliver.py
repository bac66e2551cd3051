"""A delivery as a whole: decided, done in order, reported. Git, forge and steps are stand-ins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from flowlift.delivery import deliver as module
from flowlift.delivery import report
from flowlift.delivery.comment import write_comment
from flowlift.delivery.deciding import Request, Step
from flowlift.delivery.deliver import Delivered, deliver
from flowlift.delivery.outcome import Outcome, State
from flowlift.errors import InputError, WorkspaceError
from flowlift.project.context import CiContext
from flowlift.project.workflows import Stage
from tests.parts.deliveries import RecordingDeliveryVoice
from tests.parts.small_platform import CONFIG, SmallPlatform
from tests.parts.standin_forge import StandInForge

IMAGE = '[image]\nname = "ghcr.io/acme/flows"\ndockerfile = "Dockerfile"\n'
WORKER = '[worker]\nvalues = "values-{env}.yaml"\n'
OPEN = CiContext(
    ci="github", event="pull_request", action="opened", branch="feat/a", base="main", pull_request=7
)
Do = Callable[[State, Step], Outcome]


def well(state: State, step: Step) -> Outcome:
    return Outcome(step, lambda limit: f"{step.workflow} {step.environment} is done")


class Delivery:
    """A pull request that changes image, worker and deployments; stand-ins do the steps."""

    def __init__(self, platform: SmallPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
        self.platform = platform
        self.voice = RecordingDeliveryVoice()
        self.forge = StandInForge()
        self.done: list[str] = []
        self.does: dict[str, Do] = {}
        for workflow in ("image", "worker", "deployments"):
            monkeypatch.setitem(module._DELIVERERS, workflow, self._step)

    def _step(self, state: State, step: Step) -> Outcome:
        self.done.append(f"{step.workflow} {step.verb} {step.environment}".strip())
        return self.does.get(step.workflow, well)(state, step)

    def deliver(self, **request: Any) -> Delivered:
        project = self.platform.project
        return deliver(project, Request(**request), self.voice, self.forge)


@pytest.fixture
def delivery(platform: SmallPlatform, monkeypatch: pytest.MonkeyPatch) -> Delivery:
    monkeypatch.setattr(module, "has_login", lambda root: False)
    monkeypatch.setattr(report, "write_comment", partial(write_comment, sleep=lambda pause: None))
    platform.commit(
        {
            "flowlift.toml": CONFIG + IMAGE + WORKER,
            "Dockerfile": "FROM scratch\n",
            "values-dev.yaml": "",
        }
    )
    platform.repository.push()
    platform.named("hourly")["parameters"] = {"rows": 7}
    platform.propose(
        "feat/a", {"Dockerfile": "FROM scratch\nUSER 1\n", "values-dev.yaml": "a: 1\n"}
    )
    platform.context = OPEN
    return Delivery(platform, monkeypatch)


ALL = ["image build", "worker update dev", "deployments apply dev", "deployments plan prod"]


def test_steps_are_done_in_their_order_and_told_and_reported(delivery: Delivery):
    done = delivery.deliver()
    assert delivery.done == ALL
    assert delivery.voice.begins == ALL
    assert (done.code, done.error, done.not_begun) == (0, None, ())
    assert done.decision.event.stage is Stage.PROPOSED
    assert delivery.voice.decisions == [done.decision]
    (body,) = delivery.forge.bodies
    assert "deployments prod is done" in body
    assert done.published.comment == "https://forge.invalid/comments/1"


def test_a_step_that_raises_ends_it_and_the_report_is_written_all_the_same(delivery: Delivery):
    def fail(state: State, step: Step) -> Outcome:
        raise WorkspaceError("The server is down.", remedy="Start it.")

    delivery.does["worker"] = fail
    done = delivery.deliver()
    assert delivery.done == ALL[:2]
    assert done.code == 1
    assert done.error is not None
    assert done.error.message == "The server is down."
    assert [f"{step.workflow} {step.environment}" for step in done.not_begun] == [
        "deployments dev",
        "deployments prod",
    ]
    (body,) = delivery.forge.bodies
    assert "The server is down." in body


def test_a_step_that_goes_wrong_without_an_error_ends_it_with_its_own_code(delivery: Delivery):
    delivery.does["image"] = lambda state, step: Outcome(step, lambda limit: "", code=130)
    done = delivery.deliver()
    assert (done.code, done.error, len(done.not_begun)) == (130, None, 3)


def test_a_fault_of_flowlift_is_no_step_s_end(delivery: Delivery):
    def fault(state: State, step: Step) -> Outcome:
        raise ZeroDivisionError

    delivery.does["image"] = fault
    with pytest.raises(ZeroDivisionError):
        delivery.deliver()


def test_the_image_of_one_step_is_handed_to_the_next(delivery: Delivery):
    seen: list[str] = []

    def build(state: State, step: Step) -> Outcome:
        state.image = "ghcr.io/acme/flows@sha256:1"
        return well(state, step)

    def update(state: State, step: Step) -> Outcome:
        seen.append(state.image)
        return well(state, step)

    delivery.does = {"image": build, "worker": update}
    delivery.deliver()
    assert seen == ["ghcr.io/acme/flows@sha256:1"]


def test_a_dry_run_decides_and_does_nothing(delivery: Delivery):
    done = delivery.deliver(dry_run=True)
    assert [
        f"{step.workflow} {step.verb} {step.environment}".strip() for step in done.decision.steps
    ] == ALL
    assert (delivery.done, done.outcomes, delivery.forge.wrote) == ([], (), [])
    assert delivery.voice.decisions == [done.decision]


def test_where_there_is_nothing_to_do_nothing_is_reported(delivery: Delivery):
    delivery.platform.context = replace(OPEN, event="push", branch="feat/a")
    done = delivery.deliver()
    assert (delivery.done, done.code, delivery.forge.wrote) == ([], 0, [])
    assert set(done.decision.left) == {"image", "worker", "deployments"}


def test_only_what_is_asked_for_is_done(delivery: Delivery):
    delivery.deliver(only=("deployments",), environments=("prod",))
    assert delivery.done == ["deployments plan prod"]


def test_without_an_event_nothing_is_decided(delivery: Delivery):
    delivery.platform.context = CiContext()
    with pytest.raises(InputError, match="No event"):
        delivery.deliver()
    assert delivery.done == []


@pytest.mark.parametrize(("own", "asked"), [(True, False), (False, True)])
def test_git_gets_the_forge_s_login_where_the_clone_has_none(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch, own: bool, asked: bool
):
    given: list[Any] = []

    class Login:
        def __init__(self, login: Any) -> None:
            given.append(login)

        def __enter__(self) -> None: ...
        def __exit__(self, *_: object) -> None: ...

    login = ("https://forge.invalid/", "Authorization: basic x")
    monkeypatch.setattr(delivery.forge, "git_login", lambda: login, raising=False)
    monkeypatch.setattr(module, "has_login", lambda root: own)
    monkeypatch.setattr(module, "logged_in", Login)
    delivery.deliver()
    assert given == [login if asked else None]


def test_a_comment_that_cannot_be_written_fails_nothing(delivery: Delivery):
    delivery.forge.refuses = "No right."
    done = delivery.deliver()
    assert (done.code, delivery.done) == (0, ALL)
    assert done.published.undone == ["the comment: No right."]
