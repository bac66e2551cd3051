"""Which images may go: a table of cases on a registry in memory; tests/real has a real one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import cast

import pytest

from flowlift.errors import InputError
from flowlift.image.prune import CREATED, Pruning, parse_age, plan_pruning
from flowlift.image.reference import DevTag, parse
from flowlift.image.registry import ImageManifest, ImageRepository

NOW = datetime(2026, 7, 1, tzinfo=timezone.utc)
NAME = "ghcr.io/acme/flows"


class FakeRepository:
    """A repository in memory: tags and the annotations of what they name."""

    reference = parse(NAME)

    def __init__(self, tags: Mapping[str, str], days: Mapping[str, int | None]) -> None:
        self._manifests = {}
        for name in set(tags.values()):
            age = days.get(name, 100)
            created = {} if age is None else {CREATED: (NOW - timedelta(days=age)).isoformat()}
            part = {"digest": f"sha256:{name * 64}", "platform": {"os": "linux"}}
            document = {"name": name, "manifests": [part], "annotations": created}
            self._manifests[name] = ImageManifest(json.dumps(document).encode())
        self._tags = tags

    def digest(self, name: str) -> str:
        return self._manifests[name].digest

    def tags(self) -> list[str]:
        return sorted(self._tags)

    def find(self, tag: str) -> str:
        return self.digest(self._tags[tag])

    def read(self, digest: str) -> ImageManifest | None:
        return next((m for m in self._manifests.values() if m.digest == digest), None)


def planned(
    tags: Mapping[str, str],
    *,
    closed: Mapping[str, bool | None],
    in_use: tuple[str, ...] = (),
    days: Mapping[str, int | None] | None = None,
) -> tuple[Pruning, FakeRepository]:
    fake = FakeRepository(tags, days or {})

    def is_closed(tag: DevTag) -> bool | None:
        return closed[tag.pull_request or tag.branch]

    limit = timedelta(days=14)
    uses = [
        text.format(**{name: fake.digest(name) for name in set(tags.values())}) for text in in_use
    ]
    return plan_pruning(cast(ImageRepository, fake), uses, is_closed, limit, NOW), fake


def test_a_closed_pull_requests_image_goes_with_all_its_tags() -> None:
    mark = "inputs-" + "a" * 16
    found, fake = planned(
        {"1.0.0-pr-7-run-1": "A", "1.0.0-pr-7-run-2": "A", mark: "A"}, closed={"7": True}
    )
    assert found.digests == {
        fake.digest("A"): ("1.0.0-pr-7-run-1", "1.0.0-pr-7-run-2", mark),
    }
    assert found.tags == ()


def test_what_a_release_names_stays_and_only_the_dev_tag_goes() -> None:
    mark = "inputs-" + "a" * 16
    found, _ = planned({"1.0.0-pr-7-run-1": "A", "1.0.0": "A", mark: "A"}, closed={"7": True})
    assert found.digests == {}
    assert found.removed == ("1.0.0-pr-7-run-1",)


@pytest.mark.parametrize("use", [NAME + "@{A}", "other.io/copy@{A}", NAME + ":1.0.0@{A}"])
def test_what_a_live_pool_names_stays(use: str) -> None:
    found, _ = planned({"1.0.0-pr-7-run-1": "A"}, closed={"7": True}, in_use=(use,))
    assert found.digests == {}
    assert found.tags == ("1.0.0-pr-7-run-1",)


def test_an_image_stays_whose_one_platform_a_live_pool_names() -> None:
    """A pool may be pinned to the digest of one platform's manifest, which no tag names."""
    use = f"{NAME}@sha256:{'a' * 64}"
    found, fake = planned(
        {"1.0.0-pr-7-run-1": "a", "1.0.0-pr-7-run-2": "b"}, closed={"7": True}, in_use=(use,)
    )
    assert list(found.digests) == [fake.digest("b")]
    assert found.tags == ("1.0.0-pr-7-run-1",)


def test_a_tag_that_a_live_pool_names_stays() -> None:
    tag = "1.0.0-pr-7-run-1"
    found, _ = planned({tag: "A"}, closed={"7": True}, in_use=(f"{NAME}:{tag}",))
    assert found.removed == ()
    assert found.kept[0].why == "it is in use"


def test_a_tag_of_an_open_pull_request_keeps_the_image_of_a_closed_one() -> None:
    found, _ = planned(
        {"1.0.0-pr-7-run-1": "A", "1.0.0-pr-8-run-1": "A"}, closed={"7": True, "8": False}
    )
    assert found.digests == {}
    assert found.tags == ("1.0.0-pr-7-run-1",)
    assert [(kept.tag, kept.why) for kept in found.kept] == [
        ("1.0.0-pr-8-run-1", "its pull request is open")
    ]


@pytest.mark.parametrize(
    ("closed", "days", "why"),
    [
        (False, 100, "its pull request is open"),
        (None, 100, "could not tell whether its pull request is closed"),
        (True, 3, "only 3 days old"),
        (True, None, "could not tell its age"),
    ],
)
def test_what_stays_says_why(closed: bool | None, days: int | None, why: str) -> None:
    tag = "1.0.0-pr-7-run-1"
    found, _ = planned({tag: "A"}, closed={"7": closed}, days={"A": days})
    assert found.removed == ()
    assert [(kept.tag, kept.why) for kept in found.kept] == [(tag, why)]


def test_other_tags_are_never_touched() -> None:
    found, _ = planned({"latest": "A", "cache": "B", "inputs-" + "b" * 16: "C"}, closed={})
    assert found == Pruning()


def test_a_branchs_image_goes_with_the_branch() -> None:
    found, fake = planned({"1.0.0-branch-feat-run-1": "A"}, closed={"feat": True})
    assert list(found.digests) == [fake.digest("A")]
    found, _ = planned({"1.0.0-branch-feat-run-1": "A"}, closed={"feat": False})
    assert [kept.why for kept in found.kept] == ["its branch is still there"]


def test_names_that_are_none_protect_nothing_and_break_nothing() -> None:
    found, _ = planned(
        {"1.0.0-pr-7-run-1": "A"}, closed={"7": True}, in_use=("", "No Name!", "python")
    )
    assert len(found.digests) == 1


@pytest.mark.parametrize(("text", "hours"), [("12h", 12), ("14d", 336), ("2w", 336), ("0d", 0)])
def test_an_age_is_read(text: str, hours: int) -> None:
    assert parse_age(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "d", "14", "-1d", "two weeks", "1.5d"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no age"):
        parse_age(text)
