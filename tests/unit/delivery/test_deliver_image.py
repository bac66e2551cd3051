"""The image's part of a delivery. What checks, builds and releases is a stand-in, and the forge."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flowlift.delivery import deliver_image as module
from flowlift.delivery.deciding import Request, Step
from flowlift.delivery.deliver_image import deliver_image
from flowlift.delivery.outcome import Outcome, State
from flowlift.errors import ForgeError, ImageError
from flowlift.forge import NewRelease, Release
from flowlift.image.build import Built
from flowlift.image.check import ImageCheck
from flowlift.image.promote import Promoted
from flowlift.image.proving import FlowImport, Verified
from flowlift.image.release import Released
from flowlift.image.selection import ChangedInput
from tests.parts.deliveries import RecordingDeliveryVoice
from tests.parts.small_platform import SmallPlatform
from tests.parts.standin_forge import StandInForge

PINNED = "ghcr.io/acme/flows@sha256:" + "a" * 64
CHECKED = ImageCheck(
    needed=True,
    changed=(ChangedInput("Dockerfile", "the Dockerfile"),),
    since="c" * 40,
    version="1.5.0",
    base="1.4.0",
    allowed=("1.5.0",),
    file="pyproject.toml",
    line=3,
    notes=("a note",),
)
BUILT = Built("flows:1.5.0-pr-7", PINNED, "sha256:1", "i", ("linux/amd64",), True, "no such image")
PROVEN = Verified(
    BUILT.tag, (FlowImport("linux/amd64", "a.py:a", ("a",), "a", "", "", 0),), {"linux/arm64": "no"}
)
RELEASED = Released("1.5.0", "v1.5.0", "d" * 40, made=True, why="")
PROMOTED = Promoted("flows:1.5.0", PINNED, "sha256:1", "promoted")


class Forge(StandInForge):
    """A forge that makes releases, or refuses."""

    asked: NewRelease
    made = True

    def release(self, wanted: NewRelease) -> Release:
        self.asked = wanted
        if self.refuses:
            raise ForgeError(self.refuses)
        return Release("https://forge.invalid/releases/1", self.made)


class Delivery:
    """A platform with an image; what its parts give is told beforehand."""

    def __init__(self, platform: SmallPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
        self.platform = platform
        self.forge = Forge()
        self.voice = RecordingDeliveryVoice()
        self.called: list[str] = []
        self.offline: list[bool] = []
        self.image = ""
        self.gives: dict[str, Any] = {
            "check": CHECKED,
            "build_image": BUILT,
            "prove": PROVEN,
            "release": RELEASED,
            "promote_image": PROMOTED,
        }
        self.since = ("v1.4.0", ["Load rows", "Count @acme"])
        for name in self.gives:
            monkeypatch.setattr(module, name, self._part(name))
        monkeypatch.setattr(module, "subjects_since_release", lambda *_: self.since)

    def _part(self, name: str) -> Any:
        def part(access: Any, *given: Any, offline: bool = False) -> Any:
            assert access.project is self.project
            self.called.append(name)
            self.offline.append(offline)
            answer = self.gives[name]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return part

    def step(self, verb: Any) -> Outcome:
        self.project = self.platform.project
        state = State(self.project, Request(), self.forge, self.voice)
        outcome = deliver_image(state, Step("image", verb, "", "changed: Dockerfile"))
        self.image = state.image
        return outcome


@pytest.fixture
def delivery(platform: SmallPlatform, monkeypatch: pytest.MonkeyPatch) -> Delivery:
    return Delivery(platform, monkeypatch)


def facts(outcome: Outcome) -> list[str]:
    given: list[str] = outcome.data["facts"]
    return given


@pytest.mark.parametrize("fork", [True, False])
def test_check_tells_the_version_that_comes_and_asks_nobody_for_a_fork(
    delivery: Delivery, fork: bool
):
    delivery.platform.context = replace(delivery.platform.context, fork=fork)
    outcome = delivery.step("check")
    assert outcome.data["lead"] == "The image will be 1.5.0, after 1.4.0."
    assert facts(outcome) == ["'Dockerfile' changed: the Dockerfile", "a note"]
    assert (delivery.called, delivery.offline) == (["check"], [fork])
    assert delivery.image == ""


def test_build_proves_the_image_before_it_is_handed_on(delivery: Delivery):
    outcome = delivery.step("build")
    assert delivery.called == ["check", "build_image", "prove"]
    assert delivery.image == PINNED
    assert outcome.outputs == {"image": PINNED, "digest": "sha256:1"}
    assert outcome.data["lead"] == "Built: `flows:1.5.0-pr-7`"
    assert facts(outcome)[1:] == [
        "version 1.5.0, after 1.4.0",
        "1 import went well in it",
        "linux/arm64: not tried: no",
        "a note",
    ]
    assert (outcome.code, outcome.quiet, outcome.state) == (0, False, "")


def test_an_image_that_was_there_is_said_to_be(delivery: Delivery):
    delivery.gives["build_image"] = replace(BUILT, built=False, why="same inputs")
    delivery.gives["prove"] = replace(PROVEN, imports=(), skipped={})
    outcome = delivery.step("build")
    assert outcome.data["lead"].startswith("Not built anew (same inputs): ")
    assert "no deployment runs in it yet, so that nothing was imported" in facts(outcome)


def test_where_no_input_changed_nothing_is_built_and_that_is_no_news(delivery: Delivery):
    delivery.gives["check"] = replace(CHECKED, needed=False)
    outcome = delivery.step("build")
    assert (outcome.quiet, outcome.outputs, delivery.called) == (True, {}, ["check"])


def test_an_image_that_is_not_proven_is_never_handed_on(delivery: Delivery):
    delivery.gives["prove"] = ImageError("An import failed.")
    with pytest.raises(ImageError):
        delivery.step("build")
    assert delivery.image == ""


def test_release_tags_first_then_promotes_then_tells_people(delivery: Delivery):
    outcome = delivery.step("release")
    assert delivery.called == ["release", "promote_image"]
    assert delivery.image == PINNED
    assert outcome.data["lead"] == "Released 1.5.0 at `dddddddddddd`: promoted from its test."
    assert facts(outcome) == [f"`{PINNED}`", "release 'v1.5.0': made"]
    asked = delivery.forge.asked
    assert (asked.tag, asked.title, asked.prerelease) == ("v1.5.0", "v1.5.0", False)
    # Nobody is called by what a commit says.
    assert asked.notes == (
        f"Image: `{PINNED}`\n\n## Since v1.4.0\n\n- Load rows\n- Count `@acme`\n"
    )


def test_a_forge_that_lists_changes_itself_gets_the_image_alone(delivery: Delivery):
    delivery.forge.writes_notes = True
    delivery.step("release")
    assert delivery.forge.asked.notes == f"Image: `{PINNED}`\n"


def test_the_first_release_has_nothing_before_it(delivery: Delivery):
    delivery.since = ("", [])
    delivery.step("release")
    assert delivery.forge.asked.notes == f"Image: `{PINNED}`\n"


def test_of_many_changes_the_rest_is_counted(delivery: Delivery):
    delivery.since = ("v1.4.0", [f"Change {number}" for number in range(1_203)])
    delivery.step("release")
    lines = delivery.forge.asked.notes.splitlines()
    assert lines[-2:] == ["- Change 199", "- and 1,003 more"]


@pytest.mark.parametrize("version", ["1.5.0rc1", "1.5.0a2", "1.5.0.dev3"])
def test_a_version_before_the_final_one_is_a_prerelease(delivery: Delivery, version: str):
    delivery.gives["release"] = replace(RELEASED, version=version)
    delivery.step("release")
    assert delivery.forge.asked.prerelease


def test_a_forge_that_refuses_a_release_is_a_note_as_the_tag_is_there(delivery: Delivery):
    delivery.forge.refuses = "No right."
    outcome = delivery.step("release")
    assert outcome.code == 0
    assert facts(outcome)[-1] == "the tag 'v1.5.0' has no release: No right."
    assert delivery.voice.lines == ["Note: no release for the tag v1.5.0: No right."]


def test_a_release_that_was_there_is_no_news(delivery: Delivery):
    delivery.gives |= {
        "release": replace(RELEASED, made=False),
        "promote_image": replace(PROMOTED, how="there"),
    }
    delivery.forge.made = False
    outcome = delivery.step("release")
    assert outcome.quiet
    assert facts(outcome)[-1] == "release 'v1.5.0': there already"


def test_an_image_that_had_to_be_built_says_why(delivery: Delivery):
    delivery.gives["promote_image"] = replace(PROMOTED, how="built", why="no test had its inputs")
    outcome = delivery.step("release")
    assert outcome.data["lead"].endswith(": built.")
    assert facts(outcome)[1] == "no test had its inputs"
