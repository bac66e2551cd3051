"""`flowlift image`: what each of its commands hands on, and how it ends."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from flowlift.errors import BuildError, VersionError
from flowlift.image.build import Built
from flowlift.image.check import ImageCheck
from flowlift.image.promote import Promoted
from flowlift.image.proving import FlowImport, Verified
from flowlift.image.prune import KeptTag, Pruning
from flowlift.image.reference import parse
from flowlift.image.release import BuildRun, Released
from flowlift.image.selection import ChangedInput
from flowlift.workspace.pools import HandedOver
from tests.parts.commands import Called, Here, command

PINNED = "ghcr.io/acme/flows@sha256:" + "a" * 64
TAG = "ghcr.io/acme/flows:1.5.0-pr-12-run-3"
BUILT = Built(TAG, PINNED, "sha256:1", "inputs", ("linux/amd64",), built=True, why="no such image")
PROMOTED = Promoted("ghcr.io/acme/flows:1.5.0", PINNED, "sha256:1", "promoted", "")


@pytest.fixture
def outputs(here: Here) -> list[Called]:
    """What was handed to later jobs."""
    return here.calls("flowlift.project.outputs.write_outputs", None)


def checked(*, needed: bool) -> ImageCheck:
    changed = (ChangedInput("Dockerfile", "the Dockerfile"),) if needed else ()
    return ImageCheck(
        needed=needed,
        changed=changed,
        since="c" * 40,
        version="1.5.0",
        base="1.4.0",
        allowed=("1.4.1", "1.5.0"),
        file="pyproject.toml",
        line=3,
        notes=("a note",),
    )


def access_of(call: Called) -> tuple[object, ...]:
    """The project that a call was made for."""
    return (call.given[0].project,)


# check -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("words", "offline"), [((), False), (("--offline",), True)])
def test_check_hands_on_what_was_asked(
    here: Here, outputs: list[Called], words: tuple[str, ...], offline: bool
):
    calls = here.calls("flowlift.image.check.check", checked(needed=True))
    result = command("image", "check", "--branch", "feat/a", "--base", "release", *words)
    assert here.opened == [(Path(), "feat/a", "release")]
    assert access_of(calls[0]) == (here.project,)
    assert calls[0].named == {"offline": offline}
    assert result.code == 0
    assert result.out == (
        "Dockerfile: changed (the Dockerfile)\nThe image changes: 1.4.0 -> 1.5.0.\n"
    )
    assert result.err == "Note: a note\n"
    assert outputs[0].given == (here.project.environ, {"needed": "true"})


def test_check_says_since_when_nothing_changed(here: Here, outputs: list[Called]):
    here.calls("flowlift.image.check.check", checked(needed=False))
    assert command("image", "check").out == "No input of the image changed since cccccccccccc.\n"
    assert outputs[0].given[1] == {"needed": "false"}
    assert command("image", "check", "--json").json["needed"] is False


def test_a_version_that_may_not_come_next_is_wrong_input(here: Here, outputs: list[Called]):
    here.calls("flowlift.image.check.check", VersionError("1.4.0 is taken."))
    assert command("image", "check").code == 2
    assert outputs == []


# build and promote -----------------------------------------------------------------------


def test_build_hands_on_what_was_asked(here: Here, outputs: list[Called]):
    calls = here.calls("flowlift.image.release.build_image", BUILT)
    result = command("image", "build", "--pr", "12", "--run", "3", "--rebuild")
    assert calls[0].given[1:] == (BuildRun("12", "3"),)
    assert calls[0].named == {"rebuild": True}
    assert (result.code, result.out) == (0, f"{PINNED}\n")
    assert result.err == f"Built (no such image): {TAG}\n"
    assert outputs[0].given[1] == {"image": PINNED, "digest": "sha256:1", "tag": TAG}


def test_promote_hands_on_what_was_asked(here: Here, outputs: list[Called]):
    calls = here.calls("flowlift.image.release.promote_image", PROMOTED)
    result = command("image", "promote", "--branch", "main", "--force")
    assert calls[0].named == {"force": True}
    assert result.out == f"{PINNED}\n"
    assert result.err == f"Promoted: {PROMOTED.tag}\n"
    assert outputs[0].given[1]["tag"] == PROMOTED.tag


@pytest.mark.parametrize(
    ("name", "place", "done"),
    [("build", "build_image", BUILT), ("promote", "promote_image", PROMOTED)],
)
def test_an_image_is_handed_to_the_pools_of_each_environment(
    here: Here, outputs: list[Called], name: str, place: str, done: object
):
    here.calls(f"flowlift.image.release.{place}", done)
    known = here.calls("flowlift.image.pools.check_environments", None)
    handed = here.calls(
        "flowlift.image.pools.hand_to_pools",
        [
            HandedOver("k8s", "old", PINNED, written=True),
            HandedOver("b", "c", PINNED, written=False),
        ],
    )
    result = command("image", name, "--env", "dev", "--env", "prod")
    assert known[0].given[1] == ("dev", "prod")
    assert [call.given[1:] for call in handed] == [("dev", PINNED), ("prod", PINNED)]
    assert result.err.count("Work pool k8s: now starts with this image\n") == 2
    assert result.err.count("Work pool b: has this image already\n") == 2
    document = command("image", name, "--env", "dev", "--json").json
    assert document["pinned"] == PINNED
    assert [pool["pool"] for pool in document["handed"]] == ["k8s", "b"]


def test_a_build_that_fails_hands_nothing_on(here: Here, outputs: list[Called]):
    here.calls("flowlift.image.release.build_image", BuildError("Step 3 failed."))
    here.calls("flowlift.image.pools.check_environments", None)
    handed = here.calls("flowlift.image.pools.hand_to_pools", [])
    assert command("image", "build", "--env", "dev").code == 1
    assert handed == outputs == []


# verify ----------------------------------------------------------------------------------


def imported(error: str = "") -> FlowImport:
    return FlowImport(
        "linux/amd64", "flows/a.py:a", ("daily", "hourly"), "a", error, "flows/a.py", 3
    )


def test_verify_hands_on_what_was_asked(here: Here):
    calls = here.calls("flowlift.image.proving.verify_image", Verified(TAG, (imported(),), {}))
    words = ["ghcr.io/acme/flows:1.5.0", "-n", "daily", "--env", "dev"]
    result = command("image", "verify", *words)
    assert calls[0].given[1:] == (
        parse("ghcr.io/acme/flows:1.5.0"),
        ("daily",),
        "endpoint of dev",
    )
    assert (result.code, result.out) == (0, f"1 import well, 0 failed in {TAG}\n")
    command("image", "verify")
    assert calls[1].given[1:] == (None, (), None)


def test_an_import_that_fails_is_a_failure_at_its_line(here: Here):
    done = Verified(
        TAG, (imported(), imported("No module named 'x'")), {"linux/arm64": "no engine"}
    )
    here.calls("flowlift.image.proving.verify_image", done)
    result = command("image", "verify")
    assert result.code == 1
    assert result.out.splitlines() == [
        "linux/amd64: flows/a.py:a (daily, hourly)",
        "  flows/a.py:3: No module named 'x'",
        f"1 import well, 1 failed in {TAG}",
    ]
    assert result.err == "linux/arm64: not tried: no engine.\n"
    document = command("image", "verify", "--json")
    assert (document.code, document.json["proven"]) == (1, False)


def test_what_was_not_tried_is_not_proven(here: Here):
    done = Verified(TAG, (), {"linux/arm64": "no engine"})
    here.calls("flowlift.image.proving.verify_image", done)
    result = command("image", "verify")
    assert result.code == 1
    assert "Nothing is proven" in result.out


# release and prune -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "said"),
    [(True, "Released v1.5.0 at"), (False, "Nothing to do (it is there): v1.5.0 at")],
)
def test_release_says_whether_the_tag_is_new(here: Here, made: bool, said: str):
    done = Released("1.5.0", "v1.5.0", "c" * 40, made, "it is there")
    calls = here.calls("flowlift.image.release.release", done)
    result = command("image", "release", "--branch", "main")
    assert here.opened == [(Path(), "main", None)]
    assert access_of(calls[0]) == (here.project,)
    assert result.out == f"{said} cccccccccccc\n"
    assert command("image", "release", "--json").json["made"] is made


PRUNING = Pruning({"sha256:1": ("1.4.0-pr-1-run-1",)}, (), (KeptTag("1.4.0-pr-2-run-1", "open"),))


@pytest.mark.parametrize(("dry", "said"), [(True, "would be removed"), (False, "removed")])
def test_prune_says_what_goes_and_why_the_rest_stays(here: Here, dry: bool, said: str):
    calls = here.calls("flowlift.image.pools.prune_images", PRUNING)
    words = ["--older-than", "4w", "--closed", "12", "--closed", "13"]
    result = command("image", "prune", *words, *(["--dry-run"] if dry else []))
    assert calls[0].named == {
        "older_than": timedelta(weeks=4),
        "closed": ("12", "13"),
        "dry_run": dry,
    }
    assert result.out == f"1.4.0-pr-1-run-1: {said}\n"
    assert result.err == "1.4.0-pr-2-run-1: stays (open)\n"
    document = command("image", "prune", "--json", *(["--dry-run"] if dry else [])).json
    assert (document["removed"], document["dry_run"]) == (["1.4.0-pr-1-run-1"], dry)


def test_prune_with_nothing_to_remove_and_an_age_that_is_none(here: Here):
    calls = here.calls("flowlift.image.pools.prune_images", Pruning())
    assert command("image", "prune").out == "Nothing to remove.\n"
    assert calls[0].named["older_than"] == timedelta(days=14)
    result = command("image", "prune", "--older-than", "soon")
    assert (result.code, len(calls)) == (2, 1)
