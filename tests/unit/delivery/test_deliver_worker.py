"""The worker's part of a delivery. What brings machine, worker and pools there is a stand-in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flowlift.delivery import deliver_worker as module
from flowlift.delivery.deciding import Request, Step
from flowlift.delivery.deliver_worker import deliver_worker
from flowlift.delivery.outcome import Outcome, State
from flowlift.errors import RolloutError
from flowlift.findings import Action, Finding, Level
from flowlift.worker.host.bring import HostReport
from flowlift.worker.host.machine import Tool
from flowlift.worker.model import Part
from flowlift.worker.update import Updated
from flowlift.workspace.pools import HandedOver
from tests.parts.deliveries import RecordingDeliveryVoice
from tests.parts.small_platform import CONFIG, SmallPlatform
from tests.parts.standin_forge import StandInForge

PINNED = "ghcr.io/acme/flows@sha256:" + "a" * 64
IMAGE = '[image]\nname = "ghcr.io/acme/flows"\n[image.pools]\ndev = ["docker"]\n'
WORKER = '[worker]\nvalues = "values-{env}.yaml"\n'
FINDING = Finding("worker-values", Level.WARNING, "No such key.")
PARTS = (Part("release", "edp", Action.UPDATE), Part("pool", "k8s", Action.NONE))
UPDATED = Updated("dev", "k8s", PINNED, changed=True, parts=PARTS, worker="w1", seconds=3.5)
K3S: Any = Tool("k3s", "v1.34.1+k3s1", "right", "v1.34.1+k3s1")


class Delivery:
    """A platform with a worker, and a pool that runs the image beside it."""

    def __init__(self, platform: SmallPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
        self.platform = platform
        self.voice = RecordingDeliveryVoice()
        self.orders: list[Any] = []
        self.handed: list[Any] = []
        self.update: Any = [UPDATED]
        self.written = True
        self.report = HostReport("dev", (K3S,))
        monkeypatch.setattr("flowlift.worker.update.update_worker", self._update)
        monkeypatch.setattr("flowlift.worker.host.bring.bring_host", self._bring)
        monkeypatch.setattr(module, "hand_to_pools", self._hand)

    def _update(self, project: Any, environment: str, order: Any, voice: Any) -> Any:
        self.orders.append((environment, order.image))
        voice.found([FINDING])
        if isinstance(self.update, Exception):
            raise self.update
        return self.update

    def _bring(self, project: Any, environment: str, voice: Any) -> HostReport:
        return self.report

    def _hand(self, access: Any, environment: str, pinned: str) -> list[HandedOver]:
        self.handed.append((environment, pinned))
        return [HandedOver("docker", "old", pinned, self.written)]

    def step(self, image: str = PINNED, config: str = CONFIG + IMAGE + WORKER) -> Outcome:
        self.platform.commit({"flowlift.toml": config})
        state = State(self.platform.project, Request(), StandInForge(), self.voice, image=image)
        return deliver_worker(state, Step("worker", "update", "dev", "the image"))


@pytest.fixture
def delivery(platform: SmallPlatform, monkeypatch: pytest.MonkeyPatch) -> Delivery:
    return Delivery(platform, monkeypatch)


def test_the_worker_and_the_pools_beside_it_get_the_image(delivery: Delivery):
    outcome = delivery.step()
    assert delivery.orders == [("dev", PINNED)]
    assert delivery.handed == [("dev", PINNED)]
    assert outcome.outputs == {"image": PINNED}
    assert outcome.data["lead"] == f"Starts flow runs with `{PINNED}`."
    assert outcome.data["facts"] == [
        "work pool 'k8s': updated release 'edp' in 3.5 s; the worker 'w1' works",
        "work pool 'docker': starts with the image now",
    ]
    assert (outcome.code, outcome.quiet) == (0, False)


def test_without_an_image_the_files_say_and_other_pools_are_left_alone(delivery: Delivery):
    outcome = delivery.step(image="")
    assert delivery.orders == [("dev", None)]
    assert delivery.handed == []
    assert outcome.data["lead"] == "As its files say."


def test_what_was_right_already_is_no_news(delivery: Delivery):
    delivery.update = [replace(UPDATED, changed=False)]
    delivery.written = False
    outcome = delivery.step()
    assert outcome.quiet
    assert outcome.data["facts"] == [
        "work pool 'k8s': as it should be",
        "work pool 'docker': has the image already",
    ]


def test_without_a_worker_the_pools_alone_get_the_image(delivery: Delivery):
    delivery.step(config=CONFIG + IMAGE)
    assert (delivery.orders, delivery.handed) == ([], [("dev", PINNED)])


def test_findings_stand_in_the_report_and_are_told(delivery: Delivery):
    outcome = delivery.step()
    assert outcome.findings == (FINDING,)
    assert delivery.voice.findings == [FINDING]


def test_a_worker_that_does_not_come_up_ends_it_before_the_pools(delivery: Delivery):
    delivery.update = RolloutError("It did not come up.")
    outcome = delivery.step()
    assert (outcome.code, outcome.state, outcome.error) == (1, "failure", delivery.update)
    assert outcome.findings == (FINDING,)
    assert delivery.handed == []


HOST = '[worker.host]\nk3s = "v1.34.1+k3s1"\n'


@pytest.mark.parametrize(("installed", "word"), [(("k3s",), "installed"), ((), "there")])
def test_the_machine_is_brought_to_what_is_pinned_first(
    delivery: Delivery, installed: Any, word: str
):
    delivery.report = HostReport("dev", (K3S,), installed)
    outcome = delivery.step(config=CONFIG + WORKER + HOST)
    assert outcome.data["facts"][0] == f"k3s 'v1.34.1+k3s1': {word}"


def test_a_machine_that_will_not_do_ends_it_before_the_worker(delivery: Delivery):
    missing = replace(K3S, state="missing", found="")
    delivery.report = HostReport("dev", (missing,), unfit=("no systemd",))
    outcome = delivery.step(config=CONFIG + WORKER + HOST)
    assert outcome.error is not None
    assert outcome.error.message == "The machine of dev will not do: no systemd; k3s missing."
    assert "flowlift worker host dev --check" in outcome.error.remedy
    assert delivery.orders == []
